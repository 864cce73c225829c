/** Items over time: a lane for each place that was busy at once. */
import type { Activity } from './activity.js';
import { duration, plural } from './format-values.js';
import { useSize } from './scrolled.js';
import { fitting, textWidth } from './text-width.js';
import { type JSX, useMemo, useRef, useState } from './view.js';

const LANE = 22;
/** The smallest distance between two ticks, in pixels. */
const TICK = 90;
const SIZE = 12;

interface LanesProps {
  readonly activities: readonly Activity[];
  readonly from: number;
  readonly until: number;
}

export function Lanes({ activities, from, until }: LanesProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useSize(box, ({ clientWidth }) => setWidth(clientWidth));
  const lanes = useMemo(() => lanesOf(activities, until), [activities, until]);
  const left = Math.max(...lanes.map(({ name }) => textWidth(name, SIZE))) + 10;
  const scale = (at: number) => left + ((at - from) / Math.max(1, until - from)) * (width - left);
  const height = lanes.length * LANE + 20;
  const ticks = ticksOf((until - from) / 1000, (width - left) / TICK);
  return (
    <div class="lanes" ref={box}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        aria-labelledby="lanes-title"
        role="img"
      >
        <title id="lanes-title">{`${plural(lanes.length, 'lane')} of items over time; the table has the values`}</title>
        {ticks.map((seconds) => {
          const x = scale(from + seconds * 1000);
          const isLast = x + TICK / 2 > width;
          return (
            <g key={seconds} class="tick">
              <line x1={x} x2={x} y1={0} y2={height - 16} />
              <text x={x} y={height - 3} text-anchor={isLast ? 'end' : 'middle'}>
                {tickText(seconds)}
              </text>
            </g>
          );
        })}
        {lanes.map(({ name, items }, row) => (
          <g key={row}>
            <text class="lane-name" x={0} y={row * LANE + 13}>
              {name}
            </text>
            {items.map((activity) => (
              <Bar key={activity.item} activity={activity} row={row} scale={scale} until={until} />
            ))}
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Round numbers of seconds, minutes or hours. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
const HOURS = 6 * 3600;

function ticksOf(seconds: number, most: number): number[] {
  const least = seconds / Math.max(1, most);
  const step = STEPS.find((each) => each >= least) ?? Math.ceil(least / HOURS) * HOURS;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => at * step);
}

/** `0`, `0.5 s`, `30 s`, `1 min 30 s`, `5 min`, `2 h`. */
function tickText(seconds: number): string {
  if (seconds === 0) return '0';
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  return duration(seconds).replace(/ 00 (?:s|min)$/, '');
}

interface BarProps {
  readonly activity: Activity;
  readonly row: number;
  readonly scale: (at: number) => number;
  readonly until: number;
}

function Bar({ activity, row, scale, until }: BarProps): JSX.Element {
  const { item, phase, from = 0, until: end = until, gpus } = activity;
  const x = scale(from);
  const width = Math.max(2, scale(end) - x - 1);
  const name = fitting(item, SIZE, width - 8);
  return (
    <g>
      <title>{`${item}: ${phase}, ${duration((end - from) / 1000)}${gpus ? `, GPU ${gpus.join(', ')}` : ''}`}</title>
      <rect
        class={`span ${phase.replace(' ', '-')}`}
        x={x}
        y={row * LANE}
        width={width}
        height={LANE - 4}
        rx={2}
      />
      {name !== '' && (
        <text class="span-name" x={x + 4} y={row * LANE + 13}>
          {name}
        </text>
      )}
    </g>
  );
}

interface Lane {
  readonly name: string;
  readonly items: readonly Activity[];
}

/** GPU items come first, in separate lanes. Each item is in the first lane that is free. */
function lanesOf(activities: readonly Activity[], until: number): Lane[] {
  const lanes: { readonly kind: string; end: number; readonly items: Activity[] }[] = [];
  const byStart = [...activities].sort((a, b) => (a.from ?? 0) - (b.from ?? 0));
  for (const activity of byStart) {
    const kind = activity.gpus ? `GPU ${activity.gpus.join(', ')}` : 'CPU';
    const from = activity.from ?? 0;
    let lane = lanes.find((each) => each.kind === kind && each.end <= from);
    if (lane === undefined) {
      lane = { kind, end: 0, items: [] };
      lanes.push(lane);
    }
    lane.items.push(activity);
    lane.end = activity.until ?? until;
  }
  lanes.sort((a, b) => Number(a.kind === 'CPU') - Number(b.kind === 'CPU'));
  return lanes.map(({ kind, items }) => ({ name: kind, items }));
}
