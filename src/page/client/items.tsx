/** All items: the graph, and a table of their states and metrics. */
import type { PageItem } from '../model.js';
import { doingText, isOpen } from './activity.js';
import { Check, Choice, Search } from './controls.js';
import { duration, number, plural } from './format-values.js';
import { DependencyGraph } from './graph.js';
import {
  countsIn,
  type Data,
  hasFailed,
  headlineOf,
  itemLink,
  lookOf,
  type Route,
  type Shown,
  STATES,
  stateIn,
} from './page-state.js';
import { useNarrow } from './scheme.js';
import {
  Aligned,
  type Column,
  decimalsOf,
  type Sorting,
  sorted,
  Table,
  widthFor,
} from './table.js';
import { type JSX, useMemo, useState } from './view.js';

const MOST_NODES = 60;
const MOST_METRICS = 24;

interface ItemsProps {
  readonly data: Data;
  readonly route: Route;
}

export function Items({ data, route }: ItemsProps): JSX.Element {
  const { items } = data.model;
  const isNarrow = useNarrow();
  const stages = new Set(items.map(({ stage }) => stage)).size;
  const [byItem, setByItem] = useState(items.length <= 12);
  if (items.length === 0)
    return (
      <p class="soft">
        The pipeline has no items. A stage under <code>stages:</code> in pipeline.yaml adds some.
      </p>
    );
  return (
    <>
      <section aria-labelledby="graph-title">
        <div class="bar-of">
          <h2 id="graph-title">Pipeline</h2>
          <p class="soft">
            {plural(stages, 'stage')}, {plural(items.length, 'item')}
          </p>
          {items.length > stages && items.length <= MOST_NODES && (
            <Check label="a box for each item" checked={byItem} onCheck={setByItem} />
          )}
        </div>
        <DependencyGraph items={items} active={data.active} byItem={byItem} isNarrow={isNarrow} />
      </section>
      <ItemTable data={data} only={route.query.get('stage')} />
    </>
  );
}

interface ItemTableProps {
  readonly data: Data;
  /** A stage. */
  readonly only: string | null;
}

function ItemTable({ data, only }: ItemTableProps): JSX.Element {
  const { items } = data.model;
  const [text, setText] = useState('');
  const [state, setState] = useState('');
  const [sorting, setSorting] = useState<Sorting>();
  const ofStage = useMemo(
    () => (only === null ? items : items.filter(({ stage }) => stage === only)),
    [items, only],
  );
  const { names, total } = useMemo(() => headlineOf(ofStage, MOST_METRICS), [ofStage]);
  const columns = useMemo(() => columnsOf(ofStage, data, names), [ofStage, data, names]);
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    const found = ofStage.filter(
      (item) =>
        (state === '' || stateIn(item, data.active) === state) &&
        `${item.id} ${item.reasons.join(' ')}`.toLowerCase().includes(wanted),
    );
    if (sorting === undefined) return found;
    return sorted(found, (item) => keyFor(item, sorting.id, data), sorting.isDescending);
  }, [ofStage, data, text, state, sorting]);
  const present = countsIn(items, data.active).map(({ state }) => state);
  return (
    <section aria-labelledby="items-title">
      <div class="bar-of">
        <h2 id="items-title">Items</h2>
        <Search
          label="Filter items by name or reason"
          example="name or reason"
          text={text}
          onText={setText}
        />
        <Choice
          label="State"
          value={state}
          values={['', ...present]}
          all="all states"
          onChoose={setState}
        />
        <p class="soft" role="status">
          {shown.length < items.length && `${shown.length} of `}
          {plural(items.length, 'item')}
        </p>
        <Omitted shown={names.length} total={total} />
        {only !== null && (
          <a href="#/items" class="pill">
            stage {only} ×
          </a>
        )}
      </div>
      <Table
        label="Items"
        columns={columns}
        rows={shown}
        sorting={sorting}
        onSort={(id) => setSorting(nextSorting(sorting, id))}
      />
    </section>
  );
}

/** That the table does not have all metrics, and where they are. */
function Omitted({ shown, total }: { readonly shown: number; readonly total: number }) {
  if (shown === total) return null;
  return (
    <p class="soft">
      {shown} of {plural(total, 'metric')} here, <a href="#/results">all in Results</a>
    </p>
  );
}

/** Each click sorts ascending, then descending, then restores the original order. */
export function nextSorting(before: Sorting | undefined, id: string): Sorting | undefined {
  if (before?.id !== id) return { id, isDescending: false };
  return before.isDescending ? undefined : { id, isDescending: true };
}

interface StateProps {
  readonly state: Shown;
  readonly isBad?: boolean;
}

export function State({ state, isBad = false }: StateProps): JSX.Element {
  return <span class={`state ${lookOf(state, isBad)}`}>{state}</span>;
}

/** Links of items to their views. */
export function itemColumn<Row>(rows: readonly Row[], itemOf: (row: Row) => string): Column<Row> {
  return {
    id: 'item',
    title: 'item',
    name: 'item',
    width: widthFor(rows.map(itemOf), 12, 40),
    cell: (row) => <a href={itemLink(itemOf(row))}>{itemOf(row)}</a>,
  };
}

function columnsOf(
  items: readonly PageItem[],
  data: Data,
  metrics: readonly string[],
): Column<PageItem>[] {
  return [
    itemColumn(items, ({ id }) => id),
    {
      id: 'state',
      title: 'state',
      name: 'state',
      width: 11,
      cell: (item) => (
        <State state={stateIn(item, data.active)} isBad={hasFailed(item, data.active)} />
      ),
    },
    {
      id: 'seconds',
      title: 'time',
      name: 'wall time of the last execution',
      isNumber: true,
      width: 10,
      cell: ({ seconds }) => duration(seconds),
    },
    {
      id: 'reason',
      title: 'progress, reason or description',
      name: 'why it is not fresh, or what it does',
      look: 'prose',
      width: widthFor(
        items.map(({ reasons: [first = ''] }) => first),
        30,
        44,
      ),
      cell: (item) => {
        const activity = data.active.get(item.id);
        const progress = activity && isOpen(activity.phase) && doingText(activity);
        return progress || <Reason item={item} />;
      },
    },
    ...metrics.map((name) => metricColumn(name, items)),
  ];
}

function Reason({ item }: { readonly item: PageItem }): JSX.Element {
  const [first = '', ...more] = item.reasons;
  return (
    <span title={[first || item.desc, ...more].join('\n')}>
      {first}
      {more.length > 0 && ` (and ${more.length} more)`}
      {first === '' && <span class="soft">{item.desc}</span>}
    </span>
  );
}

function metricColumn(name: string, items: readonly PageItem[]): Column<PageItem> {
  const texts = items.flatMap(({ metrics }) => (name in metrics ? number(metrics[name]) : []));
  const decimals = decimalsOf(texts);
  const hasStale = items.some(({ isStale, metrics }) => isStale && name in metrics);
  return {
    id: `metric ${name}`,
    title: name,
    name: `metric ${name}`,
    isNumber: true,
    width: widthFor(texts, 6, 20) + 1 + (hasStale ? 6 : 0),
    cell: ({ metrics, isStale }) =>
      name in metrics ? (
        <span class={isStale ? 'soft' : undefined} title={isStale ? 'of another key' : undefined}>
          {isStale && <span class="mark">stale </span>}
          <Aligned text={number(metrics[name])} decimals={decimals} />
        </span>
      ) : (
        ''
      ),
  };
}

function keyFor(item: PageItem, id: string, data: Data): string | number | undefined {
  if (id.startsWith('metric ')) return item.metrics[id.slice('metric '.length)];
  if (id === 'item') return item.id;
  if (id === 'seconds') return item.seconds;
  if (id === 'state')
    return hasFailed(item, data.active) ? -1 : STATES.indexOf(stateIn(item, data.active));
  return item.reasons[0];
}
