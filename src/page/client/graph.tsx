/** The dependency graph: stages, or items where they are few, laid out by dagre. */
import { addTo } from '../../lists.js';
import type { PageItem } from '../model.js';
import { BOX_HEIGHT, type Point, placedOf } from './graph-layout.js';
import { type Count, countsIn, type Data, itemLink, lookOf } from './page-state.js';
import { Scrolled } from './scrolled.js';
import { textWidth } from './text-width.js';
import { type JSX, useMemo } from './view.js';

const PAD = 10;
const LEAST = 110;
const SIZE = { name: 13, note: 12 } as const;

interface Props {
  readonly items: readonly PageItem[];
  readonly active: Data['active'];
  readonly byItem: boolean;
  readonly isNarrow: boolean;
}

export function DependencyGraph({ items, active, byItem, isNarrow }: Props): JSX.Element {
  const groups = useMemo(() => groupsOf(items, byItem), [items, byItem]);
  const told = groups.map((group) => toldOf(countsIn(group.items, active)));
  // Boxes grow with their texts.
  const widths = groups.map((group, at) => widthOf(group, told[at] as string));
  const { width, height, corners, lines } = useMemo(
    () =>
      placedOf(
        groups.map(({ name, needs }, at) => ({ name, needs, width: widths[at] as number })),
        isNarrow,
      ),
    // By value: each rendering measures the texts again, and the layout is slow.
    [groups, widths.join(), isNarrow],
  );
  return (
    <Scrolled kind="graph" label="Dependency graph, scrolls">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        <title>Dependency graph; the table of items says the same in words</title>
        <g class="edges">
          {lines.map(curve).map((d) => (
            <path key={d} d={d} />
          ))}
        </g>
        {groups.map((group, at) => (
          <Box
            key={group.name}
            {...group}
            {...(corners[at] as Point)}
            width={widths[at] as number}
            states={countsIn(group.items, active)}
          />
        ))}
      </svg>
    </Scrolled>
  );
}

function toldOf(states: readonly Count[]): string {
  const total = totalOf(states);
  return states.map(({ state, count }) => (total === 1 ? state : `${count} ${state}`)).join(', ');
}

function totalOf(states: readonly Count[]): number {
  return states.reduce((sum, { count }) => sum + count, 0);
}

function widthOf({ name, note }: Pick<Group, 'name' | 'note'>, told: string): number {
  const first = textWidth(name, SIZE.name) + textWidth(note, SIZE.note);
  return Math.ceil(Math.max(LEAST, 2 * PAD + first, 2 * PAD + textWidth(told, SIZE.note)));
}

interface BoxProps extends Pick<Group, 'name' | 'link' | 'note'>, Point {
  readonly width: number;
  readonly states: readonly Count[];
}

function Box({ name, link, note, states, x, y, width }: BoxProps): JSX.Element {
  const total = totalOf(states);
  let from = 0;
  return (
    <a href={link} class="node">
      <rect x={x} y={y} width={width} height={BOX_HEIGHT} rx={4} class="box" />
      <text x={x + PAD} y={y + 19} class="name">
        {name}
        <tspan class="note">{note}</tspan>
      </text>{' '}
      <text x={x + PAD} y={y + 34} class="told">
        {toldOf(states)}
      </text>
      {states.map(({ state, count, isBad }) => {
        const start = from;
        from += (count / total) * width;
        return (
          <rect
            key={state}
            x={x + start}
            y={y + BOX_HEIGHT - 4}
            width={(count / total) * width}
            height={4}
            class={`bar ${lookOf(state, isBad)}`}
          />
        );
      })}
    </a>
  );
}

interface Group {
  readonly name: string;
  readonly link: string;
  readonly note: string;
  readonly items: readonly PageItem[];
  readonly needs: readonly string[];
}

function groupsOf(items: readonly PageItem[], byItem: boolean): Group[] {
  const groups = new Map<string, PageItem[]>();
  const nameOf = (item: PageItem) => (byItem ? item.id : item.stage);
  for (const item of items) addTo(groups, nameOf(item), item);
  return [...groups].map(([name, members]) => {
    const needs = new Set(
      members.flatMap((item) => item.needs.map((need) => nameOf(items[need] as PageItem))),
    );
    needs.delete(name);
    const [first] = members;
    const link =
      members.length === 1
        ? itemLink((first as PageItem).id)
        : `#/items?stage=${encodeURIComponent(name)}`;
    return {
      name,
      link,
      note: members.length > 1 ? ` ×${members.length}` : '',
      items: members,
      needs: [...needs],
    };
  });
}

/** A smooth path through the points that dagre gives. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) }));
  const last = rest.at(-1);
  if (first === undefined || last === undefined) return '';
  let path = `M${first.x},${first.y}`;
  for (const [at, point] of rest.slice(0, -1).entries()) {
    const next = rest[at + 1] as Point;
    path += `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  }
  return `${path}L${last.x},${last.y}`;
}
