/** Items before their edges are known, with where in the file their parts are written. */
import type { Item } from '../plan.js';
import type { Template } from './template.js';

/** A dep or an out as the stage writes it, shared by the stage's items. */
export interface Written {
  /** Its name; undefined in a plain list. */
  readonly name: string | undefined;
  readonly path: Template;
  /** It stands in `metrics`. */
  readonly metrics: boolean;
  /** A dep that may be absent. */
  readonly optional: boolean;
  /** What of a dep does not count. */
  readonly exclude: readonly Template[];
}

export interface Draft {
  readonly item: Omit<Item, 'needs' | 'deps'>;
  readonly deps: readonly DraftDep[];
  /** In the order of `item.outs`. */
  readonly outs: readonly Written[];
}

export interface DraftDep {
  readonly name: string;
  readonly path: string;
  readonly glob: boolean;
  readonly exclude?: readonly string[];
  readonly written: Written;
}
