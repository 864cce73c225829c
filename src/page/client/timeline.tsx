/** The view Run: which items ran when. It opens with the newest run. */
import type { PageRun } from '../model.js';
import { type Activities, type Activity, activitiesOf, doingText, isOpen } from './activity.js';
import { Choice } from './controls.js';
import { bytes, duration, plural, time } from './format-values.js';
import { itemColumn, State } from './items.js';
import { Lanes } from './lanes.js';
import type { Data } from './page-state.js';
import { type Column, Table } from './table.js';
import { type JSX, useEffect, useMemo, useState } from './view.js';

export function Timeline({ data }: { readonly data: Data }): JSX.Element {
  const { model, runs = new Map<string, PageRun>() } = data;
  const [chosen, choose] = useState('');
  const run = runs.get(chosen) ?? model.run;
  const activities = useMemo(() => run && activitiesOf(run), [run]);
  const now = useNow(activities !== undefined && isGoing(activities));
  if (activities === undefined)
    return (
      <p class="soft">
        No run is recorded yet. A <code>pipe run</code> that executes or restores something is shown
        here.
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
      {started.length > 0 && <Lanes activities={started} from={activities.from} until={until} />}
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

/** Its start time, and whether it is still running. */
function wordsFor(run: PageRun | undefined): string {
  if (run === undefined) return '';
  const activities = activitiesOf(run);
  const { from, isCutOff } = activities;
  return `${time(from)} ${isGoing(activities) ? 'running' : isCutOff ? 'cut off' : 'ended'}`;
}

function isGoing({ isOver, isCutOff }: Activities): boolean {
  return !isOver && !isCutOff;
}

function columnsOf(items: readonly Activity[], begin: number, until: number): Column<Activity>[] {
  return [
    itemColumn(items, ({ item }) => item),
    {
      id: 'phase',
      title: 'state',
      name: 'state',
      width: 11,
      cell: ({ phase }) => <State state={phase} />,
    },
    ...timeColumns(begin, until),
    ...usageColumns(items),
    {
      id: 'reason',
      title: 'progress, reason',
      name: 'progress, or why it ran',
      look: 'prose',
      width: 40,
      cell: (activity) =>
        (isOpen(activity.phase) && doingText(activity)) || (activity.reason ?? ''),
    },
  ];
}

function timeColumns(begin: number, until: number): Column<Activity>[] {
  return [
    {
      id: 'from',
      title: 'start',
      name: 'time after the start of the run',
      isNumber: true,
      width: 10,
      cell: ({ from }) => (from === undefined ? '' : duration((from - begin) / 1000)),
    },
    {
      id: 'time',
      title: 'time',
      name: 'wall time',
      isNumber: true,
      width: 10,
      cell: ({ from, until: end = until }) =>
        from === undefined ? '' : duration((end - from) / 1000),
    },
  ];
}

/** What each execution used. The GPU column appears only if an item held a GPU. */
function usageColumns(items: readonly Activity[]): Column<Activity>[] {
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
      id: 'cpu',
      title: 'CPU',
      name: 'CPU time',
      isNumber: true,
      width: 10,
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
    ...(items.some(({ gpus = [] }) => gpus.length > 0) ? [gpu] : []),
  ];
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
