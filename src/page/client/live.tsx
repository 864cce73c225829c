/** The live page: data of the server, and the runs that it follows by server-sent events. */
import type { PageModel, PageRun, RunMessage } from '../model.js';
import { type Activity, activitiesOf } from './activity.js';
import { App } from './app.js';
import type { Data } from './page-state.js';
import { type JSX, useEffect, useMemo, useState } from './view.js';

type Runs = ReadonlyMap<string, PageRun>;

/** Changes of a busy run come in bursts. */
const GATHER_MS = 150;

/** The server refuses a page when too many follow it. */
const RETRY_MS = 5000;

export function Live(): JSX.Element {
  const [model, setModel] = useState<PageModel>();
  const [runs, setRuns] = useState<Runs>(new Map());
  const [isLost, setLost] = useState(false);
  useEffect(() => follow({ setModel, setRuns, setLost }), []);
  const data = useMemo(
    (): Data | undefined =>
      model && { ...withRuns(model, runs), active: activeIn(runs), isLost, isLive: true },
    [model, runs, isLost],
  );
  useEffect(() => {
    if (data !== undefined) document.title = titleOf(data);
  }, [data]);
  if (data !== undefined) return <App data={data} />;
  return (
    <main>
      <p role="status">
        {isLost
          ? '`pipe ui` does not answer. The page connects again by itself.'
          : 'Reading the pipeline …'}
      </p>
    </main>
  );
}

interface Sinks {
  readonly setModel: (model: PageModel) => void;
  readonly setRuns: (change: (runs: Runs) => Runs) => void;
  readonly setLost: (isLost: boolean) => void;
}

/** Returns a function that stops it. A hidden page gives its connection to others. */
function follow({ setModel, setRuns, setLost }: Sinks): () => void {
  let pending: RunMessage[] = [];
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource | undefined;
  const take = () => {
    const messages = pending;
    pending = [];
    gathering = undefined;
    setRuns((runs) => messages.reduce(joined, runs));
  };
  const ask = async () => {
    const answer = await fetch('/data.json');
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    setModel((await answer.json()) as PageModel);
  };
  const refresh = () =>
    void ask().then(
      () => setLost(false),
      () => setLost(true),
    );
  const open = () => {
    const opened = new EventSource('/events');
    source = opened;
    opened.addEventListener('open', () => setLost(false));
    opened.addEventListener('error', () => {
      // The browser connects again by itself, but not after a refusal.
      if (opened.readyState !== EventSource.CLOSED) return setLost(true);
      refresh();
      retrying = setTimeout(open, RETRY_MS);
    });
    opened.addEventListener('changed', refresh);
    opened.addEventListener('run', ({ data }) => {
      pending.push(JSON.parse(data) as RunMessage);
      gathering ??= setTimeout(take, GATHER_MS);
    });
  };
  const close = () => {
    clearTimeout(retrying);
    source?.close();
  };
  const look = () => {
    close();
    if (!document.hidden) open();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
    clearTimeout(gathering);
  };
}

function joined(runs: Runs, { id, isNew, events, isCutOff }: RunMessage): Runs {
  const before = isNew ? [] : (runs.get(id)?.events ?? []);
  return new Map([...runs, [id, { events: [...before, ...events], isCutOff }]]);
}

/** The items of all runs that are not over. If two runs have an item, the run that executes it counts. */
function activeIn(runs: Runs): ReadonlyMap<string, Activity> {
  const active = new Map<string, Activity>();
  for (const run of runs.values()) {
    const { items, isOver, isCutOff } = activitiesOf(run);
    if (isOver || isCutOff) continue;
    for (const [name, activity] of items) {
      const other = active.get(name);
      if (other === undefined || other.phase === 'queued' || other.phase === 'waiting')
        active.set(name, activity);
    }
  }
  return active;
}

/** With the newest run as the run of the page. */
function withRuns(model: PageModel, runs: Runs): Pick<Data, 'model' | 'runs'> {
  const newestFirst = new Map([...runs].sort(([a], [b]) => (a > b ? -1 : 1)));
  const [run = model.run] = newestFirst.values();
  return { model: { ...model, run }, runs: newestFirst };
}

/** For a tab in the background. */
function titleOf({ model, active }: Data): string {
  const running = [...active.values()].filter(({ phase }) => phase === 'running').length;
  return `${running > 0 ? `${running} running · ` : ''}${model.project} · pipe`;
}
