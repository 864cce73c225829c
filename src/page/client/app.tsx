/** The whole page: header, views, and the progress of running items. */

import { Epochs } from './epochs.js';
import { time } from './format-values.js';
import { Item } from './item.js';
import { Items } from './items.js';
import { countsIn, type Data, lookOf, type Route, useRoute } from './page-state.js';
import { Pictures } from './pictures.js';
import { Plots } from './plot.js';
import { Results } from './results.js';
import { Timeline } from './timeline.js';
import { type JSX, useEffect, useRef } from './view.js';

const VIEWS = {
  items: 'Pipeline',
  results: 'Results',
  epochs: 'Epochs',
  plots: 'Plots',
  pictures: 'Pictures',
  run: 'Run',
} as const;

export function App({ data }: { readonly data: Data }): JSX.Element {
  const asked = useRoute();
  const [first = 'items'] = viewsOf(data)[0] ?? [];
  const route = { ...asked, view: asked.view || first };
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  // The focus follows the view.
  useEffect(() => {
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [route.view, route.name]);
  return (
    <>
      <Head data={data} route={route} onSkip={() => main.current?.focus()} />
      <main ref={main} tabIndex={-1}>
        {data.isLost && (
          <p class="alarm" role="alert">
            `pipe ui` does not answer. The page shows the last known state and connects again by
            itself.
          </p>
        )}
        {data.model.notes.map((note) => (
          <p key={note} class="alarm">
            {note}
          </p>
        ))}
        <View data={data} route={route} />
      </main>
    </>
  );
}

/** The views that have content. */
function viewsOf({ model: { items, results, only } }: Data): [string, string][] {
  const isEmpty: Readonly<Record<string, boolean>> = {
    ...(only === 'plots' && { items: true, run: true }),
    plots: items.every(({ plots }) => plots === undefined),
    results: results.rows === 0,
    pictures: items.every(({ pictures }) => pictures === undefined),
    epochs: items.every(({ epochs }) => epochs === undefined),
  };
  return Object.entries(VIEWS).filter(([view]) => !isEmpty[view]);
}

interface HeadProps {
  readonly data: Data;
  readonly route: Route;
  readonly onSkip: () => void;
}

function Head({ data, route, onSkip }: HeadProps): JSX.Element {
  const { project, variant, made, pipe } = data.model;
  return (
    <header>
      <button type="button" class="skip" onClick={onSkip}>
        Skip to the content
      </button>
      <h1>{project}</h1>
      <nav aria-label="Views">
        {viewsOf(data).map(([view, title]) => {
          const isHere = view === route.view || (view === 'items' && route.view === 'item');
          return (
            <a key={view} href={`#/${view}`} aria-current={isHere ? 'page' : undefined}>
              {title}
            </a>
          );
        })}
      </nav>
      {data.model.only === undefined && <Counts data={data} />}
      <p class="soft made">
        {variant && <code>{variant}</code>} {data.isLive ? 'live' : time(Date.parse(made))} · pipe{' '}
        {pipe}
      </p>
    </header>
  );
}

function Counts({ data }: { readonly data: Data }): JSX.Element {
  return (
    <p class="counts">
      {countsIn(data.model.items, data.active).map(({ state, count, isBad }) => (
        <span key={state} class={`state ${lookOf(state, isBad)}`}>
          {count} {state}
        </span>
      ))}
    </p>
  );
}

function View({ data, route }: { readonly data: Data; readonly route: Route }): JSX.Element {
  switch (route.view) {
    case 'item':
      return <Item key={route.name} data={data} name={route.name} />;
    case 'plots':
      return <Plots data={data} />;
    case 'pictures':
      return <Pictures data={data} />;
    case 'results':
      return <Results data={data} />;
    case 'run':
      return <Timeline data={data} />;
    case 'epochs':
      return <Epochs data={data} />;
    default:
      return <Items data={data} route={route} />;
  }
}
