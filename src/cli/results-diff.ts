/** `pipe results diff`: what differs between two results. */
import { pair } from '../decide/from-to.js';
import { userError } from '../error.js';
import { deviation, show } from '../report/changes.js';
import { widthsOf } from '../report/fit.js';
import { markdownTable, plainTable } from '../report/text-table.js';
import { resultsOf } from '../results/all-results.js';
import { type Difference, differences, type Side, sideOf } from '../results/compare.js';
import { rowNamed, SHORT } from '../results/select-rows.js';
import { type CommandContext, withProject } from './command.js';
import type { Parsed } from './command-usage.js';
import { roomOn } from './terminal.js';

export async function resultsDiff(
  parsed: Parsed,
  context: CommandContext,
  [first, second]: readonly string[],
): Promise<void> {
  const { terminal } = context;
  if (first === undefined)
    throw userError(
      'no-item',
      'pipe results diff needs a result, or two',
      'for example `pipe results diff 1a2b3c4d train@main`; `pipe results` lists the keys',
    );
  const [a, b] = await withProject(parsed, context, async (project) => {
    const rows = await resultsOf(project, terminal.warn);
    const a = await rowNamed(project, rows, first);
    const b = await rowNamed(project, rows, second ?? a.item);
    if (second === undefined && a.key === b.key) throw alone(first);
    return [sideOf(project, a), sideOf(project, b)] as const;
  });
  const found = differences(a, b, parsed.flag('all'));
  if (parsed.flag('json')) {
    const about = ({ key, item, state }: Side) => ({ key, item, state });
    return terminal.json({ a: about(a), b: about(b), differences: found });
  }
  const room = parsed.flag('md') ? undefined : roomOn(terminal);
  const table = [
    ['name', a.key.slice(0, SHORT), b.key.slice(0, SHORT), 'change'],
    ...changeRows(found, room),
  ];
  for (const { key, isWhole } of [a, b])
    if (!isWhole)
      terminal.warn(`gc removed ${key.slice(0, SHORT)}: its code files and outs are not compared`);
  if (found.length === 0) return terminal.out('the two results do not differ\n');
  terminal.out(parsed.flag('md') ? markdownTable(table) : plainTable(table, room));
}

/** A name alone is compared with the current result of its item. */
function alone(name: string): Error {
  return userError(
    'no-item',
    `${name} is the current result of its item: name another one to compare it with`,
    `\`pipe results diff ${name} ${name} --all\` shows it alone`,
  );
}

/** On a terminal, long texts are cut to the part that differs. */
function changeRows(found: readonly Difference[], room: number | undefined): string[][] {
  const rows = found.map(({ name, a, b }) => [name, shortly(a), shortly(b), deviation(a, b)]);
  if (room === undefined) return rows;
  const [names = 0, , , changes = 0] = widthsOf(rows);
  const each = Math.max(12, Math.floor((room - names - changes - 6) / 2));
  return rows.map(([name = '', x = '', y = '', change = '']) => [
    name,
    ...(x === y ? [x, y] : pair(x, y, each)),
    change,
  ]);
}

/** Digests are cut to their first characters. */
function shortly(value: unknown): string {
  const digest =
    typeof value === 'string' ? /^(?:\w+:)?([0-9a-f]{64})$/.exec(value)?.[1] : undefined;
  return digest?.slice(0, SHORT) ?? show(value);
}
