/** Stage context: what one item's process receives. */

/** A value of a params tree: the types of YAML's core schema. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The declared shape of a stage, for the type checker only: nothing reads it at run time. */
export interface StageShape {
  params?: unknown;
  /** A path by name; a list of paths if the dep is a glob. */
  deps?: { readonly [name: string]: string | readonly string[] };
  outs?: { readonly [name: string]: string };
  matrix?: { readonly [axis: string]: string | number | boolean };
}

export interface Resources {
  /** Cores. */
  readonly cpu: number;
  /** Bytes; 0 if the stage states none. */
  readonly memory: number;
  /** GPUs, held exclusively. */
  readonly gpu: number;
}

type Part<S, K extends keyof StageShape, Fallback> = S extends { [P in K]: infer T } ? T : Fallback;

export interface StageContext<S extends StageShape = StageShape> {
  /** Item name, such as `train@faces`. For messages; its axes are in `matrix`. */
  readonly item: string;
  readonly stage: string;
  /** The item's cell of the matrix, by axis. Empty for a stage without a matrix. */
  readonly matrix: Part<S, 'matrix', Readonly<Record<string, string>>>;
  /** A tree with exactly the params that the stage names. */
  readonly params: Part<S, 'params', Json>;
  /** Absolute paths by name; for a glob, the sorted list of its matches. */
  readonly deps: Part<S, 'deps', Readonly<Record<string, string>>>;
  /** Absolute paths by name. Parent folders exist; the paths themselves do not. */
  readonly outs: Part<S, 'outs', Readonly<Record<string, string>>>;
  /** The resources of the item while it runs. They are not in its key: no result may depend on them. */
  readonly resources: Resources;
  /** Aborted when the run asks the stage to end (SIGTERM): finish or drop work in progress. */
  readonly signal: AbortSignal;
  /** The incremental protocol; throws in a stage without `epochs:` in pipeline.yaml. */
  readonly epochs: Epochs;
  /** Reports progress to the live view: `progress(120, 2000, 'images')`. Cheap: call it freely. */
  progress(done: number, total: number, unit?: string): void;
}

/** Metrics of one epoch by name, may be nested. Null stands for NaN and the infinities. */
export type Metrics = { readonly [name: string]: number | null | Metrics };

export interface Epochs {
  /** The epoch to reach: `epochs:` of the stage. */
  readonly target: number;
  /** Number of completed epochs: 0 at first, `target` when only the outs remain to be written. */
  readonly completed: number;
  /** Folder with the state of epoch `completed`, read-only; undefined if no epoch is completed. */
  readonly state: string | undefined;
  /** The epochs still to compute, `completed + 1 … target`. */
  remaining(): Iterable<number>;
  /**
   * Commits epoch `epoch`: `write` fills a new folder with the complete state, `metrics` become its
   * metrics.json. Resolves once the state is committed (renamed into place) and the run is storing
   * at most one state, so that training continues meanwhile.
   *
   * @throws RangeError when `epoch` is not the one after the last committed
   * @throws Error when `write` leaves the folder empty
   */
  commit(
    epoch: number,
    write: (folder: string) => void | Promise<void>,
    metrics?: Metrics,
  ): Promise<void>;
}
