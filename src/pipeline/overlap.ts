/** Two outs at one path: the message, and how to give them different paths. */

import { isWithin } from '../sys/is-within.js';
import { type Links, leadsTo } from './aliases.js';
import type { Diagnostics } from './document/diagnostics.js';
import { isPlaceholder } from './items/fill-placeholders.js';
import type { Draft } from './items/item-draft.js';
import { nameOf, type Owner } from './out-tree.js';

/** Reports two outs at the same path, or one inside the other. */
export function reportOverlap(
  drafts: readonly Draft[],
  mine: Owner,
  other: Owner,
  links: Links,
  diagnostics: Diagnostics,
): void {
  const [a, b] = [drafts[other.item]!, drafts[mine.item]!];
  const [first, second] = [other.path, mine.path];
  const [one, two] = [a.item.id, b.item.id];
  const own = mine.item === other.item;
  const isOne = nameOf(mine) === nameOf(other);
  const by = leadsTo([first, second], links);
  const message = `${
    own ? ownOverlap(two, first, second, isOne) : twoOverlap(one, first, two, second, isOne)
  }${by === undefined ? '' : `: ${by}`}`;
  const written = b.outs[mine.out]!;
  const hint = own
    ? undefined
    : a.item.stage === b.item.stage
      ? axisHint(a, b, mine.out)
      : metricHint(a, b, mine, other);
  const mistake = {
    code: 'overlapping-outs',
    message,
    hint: hint ?? 'give each out its own path',
  };
  diagnostics.add(mistake, written.path.node.span);
}

function ownOverlap(id: string, first: string, second: string, isOne: boolean): string {
  if (first === second) return `${id} writes ${second} twice`;
  return `${id} writes both ${first} and ${second}, ${isOne ? 'which are one path' : 'one inside the other'}`;
}

function twoOverlap(
  one: string,
  first: string,
  two: string,
  second: string,
  isOne: boolean,
): string {
  if (first === second) return `${one} and ${two} both write ${second}`;
  const how = isOne ? 'which are one path' : 'one inside the other';
  return `${one} writes ${first} and ${two} writes ${second}, ${how}`;
}

/** Two cells of a stage write to one path: an axis is missing in the path. */
function axisHint(a: Draft, b: Draft, out: number): string | undefined {
  const used = new Set(b.outs[out]!.path.parts.filter(isPlaceholder).map(({ name }) => name));
  const [one, other] = [a.item.matrix, b.item.matrix];
  const axis = Object.keys(other).find((name) => one[name] !== other[name] && !used.has(name));
  return axis && `the path is the same for all values of "${axis}": put \${${axis}} into it`;
}

/** The metrics file or plot is inside an out of another stage. */
function metricHint(a: Draft, b: Draft, mine: Owner, other: Owner): string | undefined {
  const { metrics, plot } = b.outs[mine.out]!;
  const isInside = mine.path !== other.path && isWithin(mine.path, other.path);
  if (!(metrics || plot) || !isInside) return undefined;
  return `name it under ${plot ? 'plots' : 'metrics'}: of ${a.item.stage}, which writes the folder`;
}
