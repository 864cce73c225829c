/** Places of the boxes of the dependency graph and of the lines between them, by dagre. Pure. */
import { type Edge, Graph as Layout, layout } from '@dagrejs/dagre';
import { rangeOf } from '../../lists.js';

/** A box and the names of those that it depends on. */
export interface Box {
  readonly name: string;
  readonly needs: readonly string[];
  /** In pixels, as all sizes and places here. */
  readonly width: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Placed {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each box, in the given order. */
  readonly corners: readonly Point[];
  /** The points of each line, from a box to one that depends on it. */
  readonly lines: readonly (readonly Point[])[];
}

export const BOX_HEIGHT = 46;
const MARGIN = 2;

/** Boxes in layers, from left to right or from top to bottom. */
export function placedOf(boxes: readonly Box[], isDownward: boolean): Placed {
  const graph = new Layout();
  graph.setGraph({ rankdir: isDownward ? 'TB' : 'LR', nodesep: 14, ranksep: 44 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name, width } of boxes) graph.setNode(name, { width, height: BOX_HEIGHT });
  for (const { name, needs } of boxes) for (const need of needs) graph.setEdge(need, name);
  layout(graph);
  const drawn = boxes.map(({ name }) => graph.node(name) as Point);
  const across = isDownward ? 'x' : 'y';
  const turned = isReversed(drawn, isDownward)
    ? (point: Point): Point => ({ ...point, [across]: -point[across] })
    : (point: Point) => point;
  const corners = boxes.map(({ width }, at) =>
    moved(turned(drawn[at] as Point), -width / 2, -BOX_HEIGHT / 2),
  );
  const lines: Point[][] = graph
    .edges()
    .map((edge: Edge) => (graph.edge(edge).points as Point[]).map(turned));
  // The size that dagre gives is that of the boxes alone: a line may pass beside them all.
  const ends = boxes.map(({ width }, at) => moved(corners[at] as Point, width, BOX_HEIGHT));
  const all = [...corners, ...ends, ...lines.flat()];
  const [left, right] = rangeOf(all.map(({ x }) => x));
  const [top, bottom] = rangeOf(all.map(({ y }) => y));
  const here = (point: Point) => moved(point, MARGIN - left, MARGIN - top);
  return {
    width: Math.ceil(right - left + 2 * MARGIN),
    height: Math.ceil(bottom - top + 2 * MARGIN),
    corners: corners.map(here),
    lines: lines.map((points) => points.map(here)),
  };
}

/** True if most boxes of a layer follow in the opposite order: dagre does not know the order of the pipeline. */
function isReversed(places: readonly Point[], isDownward: boolean): boolean {
  const [along, across] = isDownward ? (['y', 'x'] as const) : (['x', 'y'] as const);
  const steps = places.slice(1).map((place, at) => {
    const before = places[at] as Point;
    return place[along] === before[along] ? Math.sign(place[across] - before[across]) : 0;
  });
  return steps.reduce((sum, step) => sum + step, 0) < 0;
}

function moved({ x, y }: Point, right: number, down: number): Point {
  return { x: x + right, y: y + down };
}
