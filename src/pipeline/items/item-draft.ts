/** Items before their edges are known, with the places of their parts in the file. */
import type { Dep, Item, Plot } from '../plan.js';
import type { Template } from './fill-placeholders.js';

/** A dep or out as written in the stage, shared by its items. */
export interface Written {
  /** Undefined in a plain list. */
  readonly name: string | undefined;
  readonly path: Template;
  /** Listed under `metrics`. */
  readonly metrics: boolean;
  /** Listed under `plots`, with these columns. */
  readonly plot?: Pick<Plot, 'x' | 'y'>;
  /** An optional dep. */
  readonly optional: boolean;
  readonly protected: boolean;
  /** A temporary out. */
  readonly temp: boolean;
  /** Patterns excluded from a dep. */
  readonly exclude: readonly Template[];
}

export interface Draft {
  readonly item: Omit<Item, 'needs' | 'deps'>;
  readonly deps: readonly DraftDep[];
  /** In the order of `item.outs`. */
  readonly outs: readonly Written[];
}

export interface DraftDep extends Pick<Dep, 'name' | 'path' | 'glob' | 'exclude'> {
  readonly written: Written;
}
