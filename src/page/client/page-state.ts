/** What the page shows: the data, what runs at the moment, and the view that the address names. */
import { addTo } from '../../lists.js';
import type { ItemState, PageItem, PageModel, PageRun } from '../model.js';
import type { Activity, Phase } from './activity.js';
import { useEffect, useLayoutEffect, useState } from './view.js';

export type Shown = ItemState | Phase;

/** Worst first. */
export const STATES: readonly Shown[] = [
  'failed',
  'missing',
  'cut off',
  'running',
  'restoring',
  'waiting',
  'queued',
  'submitted',
  'blocked',
  'cancelled',
  'stale',
  'unknown',
  'restorable',
  'fresh',
  'restored',
  'ran',
];

export interface Route {
  /** Empty: the first one. */
  readonly view: string;
  /** Of an item's view: its name. */
  readonly name: string;
  readonly query: URLSearchParams;
}

export function itemLink(id: string): string {
  return `#/item/${encodeURIComponent(id)}`;
}

function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', name = ''] = path.split('/');
  return { view, name: decoded(name), query: new URLSearchParams(query) };
}

/** Empty for an invalid address. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return '';
    throw error;
  }
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  // An effect would begin to listen after the first paint, and miss a link that is followed before.
  useLayoutEffect(() => {
    const look = () => {
      setRoute(routeOf(location.hash));
      scrollTo(0, 0);
    };
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return route;
}

/** Esc closes what is open. In a field with text it empties the field instead. */
export function useEscape(isOpen: boolean, close: () => void): void {
  useEffect(() => {
    if (!isOpen) return;
    const look = ({ key, target }: KeyboardEvent) => {
      const isTyping = target instanceof HTMLInputElement && target.type === 'search';
      if (key === 'Escape' && !(isTyping && target.value !== '')) close();
    };
    addEventListener('keydown', look);
    return () => removeEventListener('keydown', look);
  });
}

type Active = Data['active'];

/** Its state in an active run, if there is one; else the state that `pipe status` prints. */
export function stateIn(item: PageItem, active: Active): Shown {
  return active.get(item.id)?.phase ?? item.state;
}

/** True if its last execution failed. A later one may run now. */
export function hasFailed(item: PageItem, active: Active): boolean {
  const phase = active.get(item.id)?.phase;
  return phase === undefined
    ? (item.reasons[0]?.startsWith('failed') ?? false)
    : phase === 'failed';
}

/** The CSS class of a state. */
export function lookOf(state: Shown, isBad: boolean): string {
  return isBad ? 'failed' : state.replace(' ', '-');
}

export interface Count {
  readonly state: Shown;
  readonly count: number;
  /** True if the last execution of one of the items failed. */
  readonly isBad: boolean;
}

/** Worst first. */
export function countsIn(items: readonly PageItem[], active: Active): Count[] {
  return STATES.flatMap((state) => {
    const found = items.filter((item) => stateIn(item, active) === state);
    const isBad = found.some((item) => hasFailed(item, active));
    return found.length === 0 ? [] : [{ state, count: found.length, isBad }];
  });
}

export interface Headline {
  readonly names: readonly string[];
  /** The number of metrics that the items have. */
  readonly total: number;
}

/**
 * The metrics for a table of items, at most `most`: first those that most items have, then those with
 * short names, such as `val.loss`. Of metrics that are equal in this, either all or none are shown.
 */
export function headlineOf(items: readonly PageItem[], most: number): Headline {
  const counts = new Map<string, number>();
  for (const { metrics } of items)
    for (const name of Object.keys(metrics)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const total = counts.size;
  const known = [...counts.keys()].sort();
  if (total <= most) return { names: known, total };
  const groups = new Map<number, string[]>();
  const rankOf = (name: string) => (counts.get(name) ?? 0) - name.split('.').length / 1000;
  for (const name of known) addTo(groups, rankOf(name), name);
  const names: string[] = [];
  for (const [, group] of [...groups].sort(([a], [b]) => b - a)) {
    if (names.length + group.length > most) break;
    names.push(...group);
  }
  return { names, total };
}

export interface Data {
  readonly model: PageModel;
  /** Items of active runs, by name. */
  readonly active: ReadonlyMap<string, Activity>;
  /** True while the live page has no connection to its server. */
  readonly isLost: boolean;
  readonly isLive: boolean;
  /** Runs that the live page follows, by the names of their journals, newest first. */
  readonly runs?: ReadonlyMap<string, PageRun> | undefined;
}
