/** Two results side by side: their inputs and their metrics. Pure, except that it reads records. */

import type { RunRecord } from '../cache/records/record.js';
import type { Project } from '../decide/project.js';
import type { ResultRow } from './row.js';

export interface Side {
  readonly key: string;
  readonly item: string;
  readonly state: ResultRow['state'];
  /** False for a removed result, because the index does not contain its files, packages and outs. */
  readonly isWhole: boolean;
  /** By name with the kind first, such as `params.train.lr`. */
  readonly values: Readonly<Record<string, unknown>>;
}

export function sideOf({ cache }: Project, row: ResultRow): Side {
  const record = row.state === 'removed' ? undefined : cache.readRecord(row.key);
  const { key, item, state, seconds, epoch, matrix, params, upstream, env, deps, metrics } = row;
  return {
    key,
    item,
    state,
    isWhole: record !== undefined,
    values: {
      item,
      ...named('matrix', matrix),
      ...named('params', params),
      ...named('upstream', upstream),
      ...named('env', env),
      ...(row.command !== undefined && { command: row.command }),
      code: row.code,
      ...(record === undefined ? {} : codeOf(record)),
      ...named('deps', deps),
      ...(epoch !== undefined && { epoch }),
      ...named('metrics', metrics),
      ...(record !== undefined &&
        named('outs', Object.fromEntries(record.outs.map(({ name, digest }) => [name, digest])))),
      seconds: Number(seconds.toPrecision(3)),
    },
  };
}

/** Code files with their digests, and packages with their versions. */
function codeOf({ files, manifest: { code } }: RunRecord): Record<string, unknown> {
  const scripts = code.kind === 'command' ? code.scripts : {};
  return {
    ...named('files', { ...files, ...scripts }),
    ...named('packages', code.packages ?? {}),
  };
}

function named(kind: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${kind}.${name}`, value]),
  );
}

export interface Difference {
  readonly name: string;
  /** Undefined if absent. */
  readonly a: unknown;
  readonly b: unknown;
}

const OF_RECORD = new Set(['files', 'packages', 'outs']);

/**
 * In the order of the sides; equal values only with `all`. Omits values that are known for one side
 * only.
 */
export function differences(a: Side, b: Side, all: boolean): Difference[] {
  const names = [...new Set([...Object.keys(a.values), ...Object.keys(b.values)])];
  const order = [...new Set(names.map(kindOf))];
  return names
    .filter((name) => (a.isWhole && b.isWhole) || !OF_RECORD.has(kindOf(name)))
    .sort((x, y) => order.indexOf(kindOf(x)) - order.indexOf(kindOf(y)))
    .map((name) => ({ name, a: a.values[name], b: b.values[name] }))
    .filter((each) => all || JSON.stringify(each.a) !== JSON.stringify(each.b));
}

function kindOf(name: string): string {
  return name.split('.', 1)[0] as string;
}
