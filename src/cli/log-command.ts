/** `pipe log`: prints the output of an item's last execution; with -f, follows it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Executed } from '../cache/cache.js';
import { itemHolder } from '../decide/locks.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { jobsFolder } from '../executor/job-file.js';
import type { FollowedJob } from '../executor/standing-jobs.js';
import type { Item } from '../pipeline/plan.js';
import { select } from '../pipeline/select.js';
import { printer } from '../printable.js';
import { fileNameOf } from '../process/file-names.js';
import { followLogs, logsIn, readLog } from '../process/log-follow.js';
import { bytes, duration } from '../report/wording.js';
import {
  type Command,
  EXIT,
  JSON_OPTION,
  requireItem,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import { standings } from './inspect-items.js';

export const command: Command = {
  command: 'log',
  positionals: '<item>',
  summary: "Prints the output of an item's last execution, with secrets masked.",
  options: [
    { name: 'follow', short: 'f', help: 'keep printing until the item ends' },
    ...VARIANT_OPTIONS,
    {
      ...JSON_OPTION,
      help: 'print the path of the log, the time, the CPU time and the peak memory as JSON',
    },
  ],
  async run(parsed, context) {
    requireItem(command, parsed);
    const { terminal } = context;
    // Files and programs receive the raw log; a terminal must not execute its control sequences.
    const write = terminal.isTerminal ? shownOn(terminal.raw) : terminal.raw;
    const out = (text: string) => {
      write(text);
      return terminal.drained();
    };
    const { stop } = context.interruption;
    return withProject(parsed, context, async (project) => {
      const item = itemOf(project, parsed.positionals);
      const folder = path.join(project.cache.layout.logs, fileNameOf(item.id));
      const newest = logsIn(folder).at(-1);
      if (parsed.flag('json')) {
        if (newest === undefined) throw await noLog(project, item.id);
        const log = path.relative(project.root, newest);
        terminal.json({ item: item.id, log, ...usageAt(project, item, newest) });
        return EXIT.done;
      }
      if (!parsed.flag('follow')) {
        if (newest === undefined) throw await noLog(project, item.id);
        let isEmpty = true;
        const onText = (text: string) => {
          isEmpty &&= text === '';
          return out(text);
        };
        await readLog(newest, onText, stop);
        if (isEmpty) terminal.err(`${item.id} printed nothing the last time it ran\n`);
        if (terminal.isTerminal) terminal.err(usageLine(project, item, newest));
        return EXIT.done;
      }
      const job = await followedJob(project, item.id);
      if (newest === undefined && job === undefined) throw await noLog(project, item.id);
      if (job !== undefined) terminal.err(`${item.id}: ${job.text}\n`);
      const isRunning = () => job?.continues() === true || itemHolder(project, item) !== undefined;
      await followLogs(folder, isRunning, out, stop);
      return stop.aborted ? EXIT.interrupted : EXIT.done;
    });
  },
};

function shownOn(out: (text: string) => void): (text: string) => void {
  const print = printer();
  return (text) => out(print(text));
}

/** The time and memory that the execution used; empty while it runs. */
function usageAt({ cache }: Project, { id }: Item, file: string): Partial<Executed> {
  const { state } = cache;
  const { log, ...used } = (state.readAttempt(id) ?? state.readLast(id))?.executed ?? {};
  return log === path.basename(file) ? used : {};
}

/** `train: 3 min 20 s, CPU time 6 min 02 s, peak memory 1.3 GiB`; empty while it runs. */
function usageLine(project: Project, item: Item, file: string): string {
  const { seconds, cpuSeconds, peakMemory } = usageAt(project, item, file);
  if (seconds === undefined) return '';
  const parts = [
    duration(seconds),
    ...(cpuSeconds === undefined ? [] : [`CPU time ${duration(cpuSeconds)}`]),
    ...(peakMemory === undefined ? [] : [`peak memory ${bytes(peakMemory)}`]),
  ];
  return `${item.id}: ${parts.join(', ')}\n`;
}

/** A log belongs to one item. The name of a stage with a single item also selects that item. */
function itemOf({ plan }: Project, targets: readonly string[]): Item {
  const items = select(plan, targets).flatMap((index) => plan.items[index] ?? []);
  const [item, ...more] = items;
  if (item === undefined || more.length > 0)
    throw userError(
      'several-items',
      `${targets.join(' ')} names ${items.length} items: ${items
        .slice(0, 8)
        .map(({ id }) => id)
        .join(', ')}${items.length > 8 ? ', …' : ''}`,
      'name one of them',
    );
  return item;
}

async function followedJob(project: Project, item: string): Promise<FollowedJob | undefined> {
  if (!existsSync(jobsFolder(project.root))) return undefined;
  const { followJob } = await import('../executor/standing-jobs.js');
  return followJob(project, item);
}

async function noLog(project: Project, item: string): Promise<Error> {
  const [standing] = await standings(project, [item], { only: true });
  const reason = standing?.reasons[0]?.text;
  const hint =
    standing?.job !== undefined
      ? `${reason}: \`pipe log -f ${item}\` waits for its output`
      : standing?.state === 'unknown' || standing?.state === 'missing'
        ? `it cannot be executed yet: ${reason}`
        : standing?.state === 'stale'
          ? `\`pipe run ${item}\` executes it`
          : `its result was computed elsewhere, so there is no log here; \`pipe run --force ${item}\` executes it`;
  return userError('no-log', `${item} has no log: this machine has not executed it`, hint);
}
