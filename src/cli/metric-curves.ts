/** Small text curves for `pipe metrics diff --md`: a metric over the epochs, before and now. */
import type { Project } from '../decide/project.js';
import { rangeOf } from '../lists.js';
import { epochsOf } from '../page/page-epochs.js';
import { show } from '../report/changes.js';
import type { Rows } from '../report/fit.js';
import { markdownTable } from '../report/text-table.js';
import { plural } from '../report/wording.js';

/** The key of each item's result, by item. */
export type Keys = ReadonlyMap<string, string | undefined>;

/** Empty if no item has epochs on either side. */
export function curvesMarkdown(
  project: Project,
  items: ReadonlySet<string>,
  sides: { readonly before: Keys; readonly now: Keys },
  since: string,
): string {
  const rows: Rows = project.plan.items
    .filter(({ id, epochs }) => items.has(id) && epochs !== undefined)
    .flatMap((item) => {
      const [before, now] = [sides.before, sides.now].map((keys) => {
        const key = keys.get(item.id);
        const record = key === undefined ? undefined : project.cache.readRecord(key);
        return epochsOf(project, item, record?.manifest, undefined);
      });
      const metric = now?.drawn ?? before?.drawn;
      if (metric === undefined) return [];
      const values = [before, now].map((side) =>
        (side?.values[metric] ?? []).filter((value) => value !== null),
      );
      const range = rangeOf(values.flat());
      return [[item.id, metric, ...values.map((each) => cellOf(each, range))]];
    });
  if (rows.length === 0) return '';
  return `\n### Curves since ${since}\n\n${markdownTable([['item', 'metric', 'before', 'now'], ...rows])}`;
}

function cellOf(values: readonly number[], range: readonly [number, number]): string {
  const last = values.at(-1);
  if (last === undefined) return '–';
  return `${smallCurve(values, range)} ${show(last)} (${plural(values.length, 'epoch')})`;
}

const BARS = '▁▂▃▄▅▆▇█';
const WIDEST = 20;

/** One bar for each value, or for the mean of several successive values. */
export function smallCurve(
  values: readonly number[],
  [low, high]: readonly [number, number],
): string {
  const width = Math.min(WIDEST, values.length);
  return Array.from({ length: width }, (_, at) => {
    const from = Math.floor((at * values.length) / width);
    const part = values.slice(from, Math.floor(((at + 1) * values.length) / width));
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    const height = high === low ? 0.5 : (mean - low) / (high - low);
    return BARS[Math.min(BARS.length - 1, Math.floor(height * BARS.length))];
  }).join('');
}
