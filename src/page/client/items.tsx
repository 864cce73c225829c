/** All items: the graph, and a table of their states and metrics. */
import type { PageItem } from '../model.js';
import { isOpen, progressText } from './activity.js';
import { Check, Choice, Search } from './controls.js';
import { duration, number, plural } from './format-values.js';
import { DependencyGraph } from './graph.js';
import {
  type Data,
  itemLink,
  metricNames,
  type Route,
  type Shown,
  STATES,
  stateIn,
  useNarrow,
} from './page-state.js';
import { type Column, type Sorting, sorted, Table, widthFor } from './table.js';
import { type JSX, useMemo, useState } from './view.js';

const MOST_NODES = 60;
const MOST_METRICS = 12;

interface ItemsProps {
  readonly data: Data;
  readonly route: Route;
}

export function Items({ data, route }: ItemsProps): JSX.Element {
  const { items } = data.model;
  const isNarrow = useNarrow();
  const stages = new Set(items.map(({ stage }) => stage)).size;
  const [byItem, setByItem] = useState(items.length <= 12);
  const stateOf = (item: PageItem) => stateIn(item, data.active);
  return (
    <>
      <section aria-labelledby="graph-title">
        <div class="bar-of">
          <h2 id="graph-title">Pipeline</h2>
          <p class="soft">
            {plural(stages, 'stage')}, {plural(items.length, 'item')}
          </p>
          {items.length > stages && items.length <= MOST_NODES && (
            <Check label="items" checked={byItem} onCheck={setByItem} />
          )}
        </div>
        <DependencyGraph items={items} stateOf={stateOf} byItem={byItem} isNarrow={isNarrow} />
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
  const columns = useMemo(() => columnsOf(items, data), [items, data]);
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    const found = items.filter(
      (item) =>
        (only === null || item.stage === only) &&
        (state === '' || stateIn(item, data.active) === state) &&
        `${item.id} ${item.reasons.join(' ')}`.toLowerCase().includes(wanted),
    );
    if (sorting === undefined) return found;
    return sorted(found, (item) => keyFor(item, sorting.id, data), sorting.isDescending);
  }, [items, data, text, state, only, sorting]);
  const present = STATES.filter((each) =>
    items.some((item) => stateIn(item, data.active) === each),
  );
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
          {shown.length === items.length
            ? plural(items.length, 'item')
            : `${shown.length} of ${items.length} items`}
        </p>
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

/** Ascending, descending, as it was. */
export function nextSorting(before: Sorting | undefined, id: string): Sorting | undefined {
  if (before?.id !== id) return { id, isDescending: false };
  return before.isDescending ? undefined : { id, isDescending: true };
}

export function State({ state }: { readonly state: Shown }): JSX.Element {
  return <span class={`state ${state.replace(' ', '-')}`}>{state}</span>;
}

function columnsOf(items: readonly PageItem[], data: Data): Column<PageItem>[] {
  const names = metricNames(items).slice(0, MOST_METRICS);
  return [
    {
      id: 'item',
      title: 'item',
      name: 'item',
      width: widthFor(
        items.map(({ id }) => id),
        12,
        40,
      ),
      cell: ({ id }) => <a href={itemLink(id)}>{id}</a>,
    },
    {
      id: 'state',
      title: 'state',
      name: 'state',
      width: 11,
      cell: (item) => <State state={stateIn(item, data.active)} />,
    },
    {
      id: 'seconds',
      title: 'time',
      name: 'wall time of the last execution',
      isNumber: true,
      width: 8,
      cell: ({ seconds }) => duration(seconds),
    },
    ...names.map((name) => ({
      id: `metric ${name}`,
      title: name,
      name: `metric ${name}`,
      isNumber: true,
      width: Math.max(9, Math.min(20, name.length)),
      cell: ({ metrics, isStale }: PageItem) =>
        name in metrics ? (
          <span class={isStale ? 'soft' : undefined} title={isStale ? 'of another key' : undefined}>
            {number(metrics[name])}
            {isStale && <span class="mark"> stale</span>}
          </span>
        ) : (
          ''
        ),
    })),
    {
      id: 'reason',
      title: 'progress, reason or description',
      name: 'why it is not fresh, or what it does',
      width: 44,
      cell: (item) => {
        const {
          reasons: [first = '', ...more],
          desc,
        } = item;
        const activity = data.active.get(item.id);
        const progress = activity && isOpen(activity.phase) && progressText(activity);
        if (progress) return progress;
        return (
          <span title={[first, ...more].join('\n')}>
            {first}
            {more.length > 0 && ` (and ${more.length} more)`}
            {first === '' && <span class="soft">{desc}</span>}
          </span>
        );
      },
    },
  ];
}

function keyFor(item: PageItem, id: string, data: Data): string | number | undefined {
  if (id.startsWith('metric ')) return item.metrics[id.slice('metric '.length)];
  if (id === 'item') return item.id;
  if (id === 'seconds') return item.seconds;
  if (id === 'state') return STATES.indexOf(stateIn(item, data.active));
  return item.reasons[0];
}
