/** `pipe cache`: disk usage, integrity check and garbage collection. */

import type { CacheStats } from '../cache/gc/cache-stats.js';
import type { GcReport } from '../cache/gc/gc.js';
import type { Damage, VerifyReport } from '../cache/gc/verify-cache.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { parseDuration, parseSize } from '../pipeline/document/quantity.js';
import { listTable } from '../report/text-table.js';
import { bytes, duration, plural } from '../report/wording.js';
import { indexedResults } from '../results/index-file.js';
import { cacheLimit, statedLimit } from '../run/cache-limit.js';
import { rootsOf } from '../run/gc-roots.js';
import {
  type Command,
  type CommandContext,
  EXIT,
  JSON_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import type { Parsed } from './command-usage.js';
import { roomOn } from './terminal.js';

const GC_NOTES =
  'gc keeps what the current pipeline, pipeline.lock, a running process or a recent run needs.\nOf the other results, it first removes those that took the least time to compute for their size.\nA run collects garbage above the size limit: PIPE_CACHE_MAX_SIZE=50G sets the limit, off disables it.\nSizes are powers of 1024: 50G is 50 GiB.';

const VERIFY_NOTES = 'Exit: 3 when verify finds damage.';

const ACTIONS: Readonly<
  Record<string, (project: Project, parsed: Parsed, context: CommandContext) => Promise<number>>
> = { stats, verify, gc };

export const command: Command = {
  command: 'cache',
  positionals: 'stats | verify | gc',
  summary: 'Shows cache usage (stats), verifies integrity (verify), or collects garbage (gc).',
  options: [
    { name: 'repair', help: 'verify: remove damaged objects, so that their items run again' },
    { name: 'dry', help: 'gc: print what would be removed, and remove nothing' },
    { name: 'max-size', value: 'size', help: 'gc: the size limit, such as 50G' },
    {
      name: 'max-age',
      value: 'time',
      help: 'gc: remove unneeded results older than this, such as 30d',
    },
    ...VARIANT_OPTIONS,
    JSON_OPTION,
  ],
  notes: `${GC_NOTES}\n${VERIFY_NOTES}`,
  parts: [
    {
      name: 'stats',
      positionals: '',
      summary: 'Shows how much each item has in the cache, and how long it took to compute.',
      options: ['profile', 'set', 'json'],
    },
    {
      name: 'verify',
      positionals: '',
      summary:
        'Reads every object and record, and lists the damaged ones with the items they belong to.',
      options: ['repair', 'profile', 'set', 'json'],
      notes: VERIFY_NOTES,
    },
    {
      name: 'gc',
      positionals: '',
      summary: 'Removes results that nothing needs.',
      options: ['dry', 'max-size', 'max-age', 'profile', 'set', 'json'],
      notes: GC_NOTES,
    },
  ],
  async run(parsed, context) {
    const name = parsed.positionals[0] ?? '';
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined || parsed.positionals.length > 1) {
      throw userError(
        'no-subcommand',
        name === '' || action !== undefined
          ? 'pipe cache needs a subcommand: stats, verify or gc'
          : `pipe cache has no "${name}", only stats, verify and gc`,
        'for example `pipe cache stats`',
      );
    }
    return withProject(parsed, context, (project) => action(project, parsed, context));
  },
};

async function stats(
  project: Project,
  parsed: Parsed,
  { terminal }: CommandContext,
): Promise<number> {
  const stated = statedLimit(project);
  const found = await project.cache.upkeep.stats(stated === 'off' ? undefined : stated);
  if (parsed.flag('json')) terminal.json(found);
  else terminal.out(statsText(found, stated !== 'off', roomOn(terminal)));
  return EXIT.done;
}

function statsText(
  { bytes: all, objects, results, states, logs, replaced, items, maxSize }: CacheStats,
  isKept: boolean,
  room: number | undefined,
): string {
  const rows = items.map((item) => [
    item.item,
    String(item.results),
    bytes(item.resultBytes),
    item.epochs === 0 ? '' : `${item.states} of ${item.epochs}`,
    item.epochs === 0 ? '' : bytes(item.stateBytes),
    duration(item.seconds),
  ]);
  const head = ['item', 'results', 'size', 'states', 'size', 'computed in'];
  return [
    `${bytes(all)} in ${plural(objects, 'object')}; ${isKept ? 'runs keep' : 'pipe cache gc brings'} it below ${bytes(maxSize)}`,
    `  ${plural(results.records, 'result')}: ${bytes(results.bytes)}`,
    `  ${plural(states.epochs, 'epoch')}, ${plural(states.kept, 'state')} kept: ${bytes(states.bytes)}`,
    `  ${plural(logs.files, 'log')}: ${bytes(logs.bytes)}`,
    ...(replaced.moves === 0
      ? []
      : [
          `  your files in replaced/, moved ${plural(replaced.moves, 'time')}: ${bytes(replaced.bytes)}`,
        ]),
    '',
    listTable([head, ...rows], room),
  ].join('\n');
}

async function verify(
  project: Project,
  parsed: Parsed,
  { terminal }: CommandContext,
): Promise<number> {
  const report = await project.cache.upkeep.verify({ repair: parsed.flag('repair') });
  if (parsed.flag('json')) terminal.json(report);
  else terminal.out(verifyText(report));
  return report.damage.length > 0 && !report.repaired ? EXIT.difference : EXIT.done;
}

function verifyText({ objects, bytes: size, damage, writable, repaired }: VerifyReport): string {
  const lines = [
    `${plural(objects, 'object')}, ${bytes(size)}: ${damage.length === 0 ? 'all intact' : `${damage.length} damaged`}`,
  ];
  for (const each of damage) lines.push(`  ${each.what} ${each.file}`, ...concernsOf(each));
  if (writable > 0) lines.push(`  ${plural(writable, 'object')} can be written to by accident`);
  if (damage.length > 0) {
    lines.push(
      repaired
        ? 'removed: their items run again'
        : 'pipe cache verify --repair removes them, so that their items run again',
    );
  }
  return `${lines.join('\n')}\n`;
}

function concernsOf({ concerns }: Damage): string[] {
  return concerns.map(({ item, out, epoch }) => {
    if (epoch !== undefined) return `    the state of ${item} after epoch ${epoch}`;
    return `    ${out === undefined ? 'a result' : `out ${out}`} of ${item}`;
  });
}

async function gc(project: Project, parsed: Parsed, { terminal }: CommandContext): Promise<number> {
  const maxSize = quantity(parsed, 'max-size', parseSize, '50G') ?? cacheLimit(project);
  const maxAge = quantity(parsed, 'max-age', parseDuration, '30d');
  // `pipe results` still lists removed results.
  if (!parsed.flag('dry')) await indexedResults(project);
  const report = await project.cache.upkeep.gc({
    roots: await rootsOf(project),
    dry: parsed.flag('dry'),
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(maxAge === undefined ? {} : { maxAge }),
  });
  if (parsed.flag('json')) terminal.json(report);
  else terminal.out(gcText(report, parsed.flag('dry'), roomOn(terminal)));
  return EXIT.done;
}

function gcText(
  { removed, tooNew, bytesBefore, bytesAfter, bytesNeeded, maxSize }: GcReport,
  dry: boolean,
  room: number | undefined,
): string {
  const rows = removed.map((each) => [
    titleOf(each),
    bytes(each.bytes),
    each.seconds === undefined ? '' : `computed in ${duration(each.seconds)}`,
    each.reason,
  ]);
  const verb = dry ? 'would remove' : 'removed';
  const sizes = `${bytes(bytesBefore)} → ${bytes(bytesAfter)} (limit ${bytes(maxSize)}, needed ${bytes(bytesNeeded)})`;
  const done = `${listTable(rows, room)}${verb} ${plural(removed.length, 'entry', 'entries')}: ${sizes}\n`;
  if (tooNew === 0) return done;
  const stay = `${plural(tooNew, 'entry is', 'entries are')} too new to be removed`;
  return `${done}${stay}: a process may be about to use ${tooNew === 1 ? 'it' : 'them'}\n`;
}

function titleOf({ kind, item, epoch, name, count = 0 }: GcReport['removed'][number]): string {
  if (kind === 'log') return `${plural(count, 'log')} of ${item}`;
  if (kind === 'replaced') return `replaced/${name}`;
  return kind === 'state' ? `${item}, epoch ${epoch}` : (item ?? kind);
}

function quantity(
  parsed: Parsed,
  name: string,
  read: (text: string) => number | undefined,
  example: string,
): number | undefined {
  const text = parsed.text(name);
  if (text === undefined) return undefined;
  const value = read(text);
  if (value !== undefined) return value;
  throw userError('option-value', `--${name} takes a value such as ${example}, got "${text}"`);
}
