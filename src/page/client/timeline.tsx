/** Who ran when in a run, at first the newest: a lane for each place that was busy at once. */
import type { PageRun } from '../model.js';
import { type Activities, type Activity, activitiesOf, isOpen, progressText } from './activity.js';
import { Choice } from './controls.js';
import { bytes, duration, plural, time } from './format-values.js';
import { State } from './items.js';
import { type Data, itemLink } from './page-state.js';
import { type Column, Table, widthFor } from './table.js';
import { type JSX, useEffect, useMemo, useRef, useState } from './view.js';

export function Timeline({ data }: { readonly data: Data }): JSX.Element {
  const { model, runs = new Map<string, PageRun>() } = data;
  const [chosen, choose] = useState('');
  const run = runs.get(chosen) ?? model.run;
  const activities = useMemo(() => run && activitiesOf(run), [run]);
  const now = useNow(activities !== undefined && isGoing(activities));
  if (activities === undefined)
    return (
      <p class="soft">
        No run is recorded yet: a run that executes or restores something is shown here.
      </p>
    );
  const until = isGoing(activities) ? Math.max(now, activities.until) : activities.until;
  const items = [...activities.items.values()];
  const started = items.filter(({ from }) => from !== undefined);
  return (
    <section aria-labelledby="run-title">
      <div class="bar-of">
        <h2 id="run-title">{titleOf(activities, run === model.run)}</h2>
        {runs.size > 1 && (
          <Choice
            label="Run"
            value={runs.has(chosen) ? chosen : NEWEST}
            values={[NEWEST, ...[...runs.keys()].slice(1)]}
            wordsFor={(id) => wordsFor(runs.get(id) ?? model.run)}
            onChoose={choose}
          />
        )}
        <p class="soft">
          {time(activities.from)}, {duration((until - activities.from) / 1000)},{' '}
          {plural(started.length, 'item')} started
          {activities.isCutOff && ', cut off: its process is gone'}
        </p>
      </div>
      <Lanes activities={started} from={activities.from} until={until} />
      <Table
        label="Items of the run"
        columns={columnsOf(items, activities.from, until)}
        rows={items}
      />
    </section>
  );
}

const NEWEST = '';

function titleOf(activities: Activities, isNewest: boolean): string {
  if (isGoing(activities)) return 'This run';
  return isNewest ? 'The last run' : 'An earlier run';
}

/** Its start, and whether it goes on. */
function wordsFor(run: PageRun | undefined): string {
  if (run === undefined) return '';
  const activities = activitiesOf(run);
  const { from, isCutOff } = activities;
  return `${time(from)} ${isGoing(activities) ? 'running' : isCutOff ? 'cut off' : 'ended'}`;
}

function isGoing({ isOver, isCutOff }: Activities): boolean {
  return !isOver && !isCutOff;
}

const LANE = 22;
const TICKS = 6;

interface LanesProps {
  readonly activities: readonly Activity[];
  readonly from: number;
  readonly until: number;
}

function Lanes({ activities, from, until }: LanesProps): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const lanes = useMemo(() => lanesOf(activities, until), [activities, until]);
  if (activities.length === 0) return null;
  const scale = (at: number) => ((at - from) / Math.max(1, until - from)) * width;
  const height = lanes.length * LANE + 20;
  return (
    <div class="lanes" ref={box}>
      <svg width={width} height={height} aria-labelledby="lanes-title" role="img">
        <title id="lanes-title">{`${plural(lanes.length, 'lane')} of items over time; the table has the values`}</title>
        {Array.from({ length: TICKS + 1 }, (_, at) => from + ((until - from) * at) / TICKS).map(
          (at, index) => (
            <g key={index} class="tick">
              <line x1={scale(at)} x2={scale(at)} y1={0} y2={height - 16} />
              <text
                x={scale(at)}
                y={height - 3}
                text-anchor={index === 0 ? 'start' : index === TICKS ? 'end' : 'middle'}
              >
                {duration((at - from) / 1000)}
              </text>
            </g>
          ),
        )}
        {lanes.flatMap((lane, row) =>
          lane.map((activity) => (
            <Bar key={activity.item} activity={activity} row={row} scale={scale} until={until} />
          )),
        )}
      </svg>
    </div>
  );
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
  const room = Math.floor((width - 8) / 7);
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
      {room > 3 && (
        <text class="span-name" x={x + 4} y={row * LANE + 13}>
          {item.length > room ? `${item.slice(0, room - 1)}…` : item}
        </text>
      )}
    </g>
  );
}

/** GPU items in lanes of their own, first; each item in the first lane that is free. */
function lanesOf(activities: readonly Activity[], until: number): Activity[][] {
  const lanes: { readonly kind: string; end: number; readonly items: Activity[] }[] = [];
  const byStart = [...activities].sort((a, b) => (a.from ?? 0) - (b.from ?? 0));
  for (const activity of byStart) {
    const kind = activity.gpus ? `gpu ${activity.gpus.join(',')}` : 'cpu';
    const from = activity.from ?? 0;
    let lane = lanes.find((each) => each.kind === kind && each.end <= from);
    if (lane === undefined) {
      lane = { kind, end: 0, items: [] };
      lanes.push(lane);
    }
    lane.items.push(activity);
    lane.end = activity.until ?? until;
  }
  lanes.sort((a, b) => Number(b.kind > 'cpu') - Number(a.kind > 'cpu'));
  return lanes.map(({ items }) => items);
}

function columnsOf(items: readonly Activity[], begin: number, until: number): Column<Activity>[] {
  const hasGpus = items.some(({ gpus = [] }) => gpus.length > 0);
  const gpu: Column<Activity> = {
    id: 'gpu',
    title: 'GPU',
    name: 'GPUs that the item held',
    isNumber: true,
    width: 5,
    cell: ({ gpus }) => gpus?.join(', ') ?? '',
  };
  return [
    {
      id: 'item',
      title: 'item',
      name: 'item',
      width: widthFor(
        items.map(({ item }) => item),
        12,
        40,
      ),
      cell: ({ item }) => <a href={itemLink(item)}>{item}</a>,
    },
    {
      id: 'phase',
      title: 'state',
      name: 'state',
      width: 11,
      cell: ({ phase }) => <State state={phase} />,
    },
    {
      id: 'from',
      title: 'start',
      name: 'time after the start of the run',
      isNumber: true,
      width: 8,
      cell: ({ from }) => (from === undefined ? '' : duration((from - begin) / 1000)),
    },
    {
      id: 'time',
      title: 'time',
      name: 'wall time',
      isNumber: true,
      width: 8,
      cell: ({ from, until: end = until }) =>
        from === undefined ? '' : duration((end - from) / 1000),
    },
    {
      id: 'cpu',
      title: 'CPU',
      name: 'CPU time',
      isNumber: true,
      width: 8,
      cell: ({ cpuSeconds }) => (cpuSeconds === undefined ? '' : duration(cpuSeconds)),
    },
    {
      id: 'memory',
      title: 'memory',
      name: 'peak memory',
      isNumber: true,
      width: 8,
      cell: ({ peakMemory }) => (peakMemory === undefined ? '' : bytes(peakMemory)),
    },
    ...(hasGpus ? [gpu] : []),
    {
      id: 'reason',
      title: 'progress, reason',
      name: 'progress, or why it ran',
      width: 40,
      cell: (activity) =>
        (isOpen(activity.phase) && progressText(activity)) || (activity.reason ?? ''),
    },
  ];
}

function useWidth(box: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(900);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, [box]);
  return width;
}

/** The time, second by second, while something runs. */
function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
