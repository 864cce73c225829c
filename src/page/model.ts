/** Data of the page, as `pipe report` embeds it and `pipe ui` serves it. The client imports these types. */

export type Scalar = string | number | boolean | null;
export type Tree = Scalar | readonly Tree[] | { readonly [key: string]: Tree };

/** `stale`: it would run. `restorable`: its result is cached, but its outs differ or are missing. */
export type ItemState = 'fresh' | 'restorable' | 'stale' | 'missing' | 'unknown';

export interface PageModel {
  readonly format: 1;
  /** Name of the project's folder. */
  readonly project: string;
  /** Version of the tool. */
  readonly pipe: string;
  /** ISO time at which the data were read. */
  readonly made: string;
  /** `--profile paper --set train.lr=0.1`; empty for the plain pipeline. */
  readonly variant: string;
  /** In plan order: each item after all that it needs. */
  readonly items: readonly PageItem[];
  readonly results: PageResults;
  /** Events of the newest recorded run. */
  readonly run?: PageRun | undefined;
  /** Why some data are missing, for the reader of the page. */
  readonly notes: readonly string[];
  /** True for a page of `pipe plots`, which has no other views. */
  readonly only?: 'plots' | undefined;
}

export interface PageItem {
  readonly id: string;
  readonly stage: string;
  readonly desc?: string | undefined;
  readonly state: ItemState;
  /** Why it is not fresh, most likely cause first. */
  readonly reasons: readonly string[];
  readonly key?: string | undefined;
  /** Key of the result with the outs, plots and pictures. */
  readonly shown?: string | undefined;
  readonly command: string;
  readonly params: Readonly<Record<string, Tree>>;
  readonly env: readonly string[];
  readonly resources: Readonly<Record<string, Scalar>>;
  readonly deps: readonly PageFile[];
  readonly outs: readonly PageFile[];
  /** Indices into `items`. */
  readonly needs: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
  /** True if the metrics are those of another key. */
  readonly isStale?: boolean | undefined;
  /** Wall time of its last execution. */
  readonly seconds?: number | undefined;
  readonly epochs?: PageEpochs | undefined;
  readonly log?: PageLog | undefined;
  /** Tables under `plots:`; its pictures are among `pictures`. */
  readonly plots?: readonly PagePlot[] | undefined;
  /** Pictures among its outs, or inside them. */
  readonly pictures?: readonly PagePicture[] | undefined;
  /** Earlier results with plots or pictures, the newest first. */
  readonly older?: readonly PageOlder[] | undefined;
}

export interface PageOlder {
  /** How it differs from the current result: params, a revision, or its time. */
  readonly label: string;
  readonly key?: string | undefined;
  readonly plots?: readonly PagePlot[] | undefined;
  readonly pictures?: readonly PagePicture[] | undefined;
}

export interface PagePlot {
  readonly name: string;
  /** Relative to the project. */
  readonly path: string;
  readonly xName: string;
  readonly x: readonly number[];
  readonly curves: Readonly<Record<string, readonly (number | null)[]>>;
  /** Number of rows in the table; `x` may have fewer values. */
  readonly rows: number;
  /** Why there are no curves. */
  readonly problem?: string | undefined;
}

export interface PagePicture {
  /** Its name under `plots:`. */
  readonly name?: string | undefined;
  /** For an array: its shape, its type, and the values of black and white. */
  readonly note?: string | undefined;
  /** Relative to the project. */
  readonly path: string;
  /** `data:` in a report, a path of the server in the live page. */
  readonly src: string;
}

export interface PageFile {
  readonly name: string;
  readonly path: string;
  /** Of a dep: today's, if known. Of an out: that of the last result, if there is one. */
  readonly digest?: string | undefined;
  readonly size?: number | undefined;
  readonly files?: number | undefined;
}

export interface PageEpochs {
  /** True if they belong to an earlier definition, because no epoch of the current one is completed. */
  readonly isStale?: boolean | undefined;
  readonly target: number;
  /** The epoch of the outs. */
  readonly wanted: number;
  /** The metric to draw first. */
  readonly drawn?: string | undefined;
  readonly best?: { readonly metric: string; readonly mode: 'max' | 'min' } | undefined;
  readonly numbers: readonly number[];
  /** For each metric, a value for each epoch. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface PageLog {
  /** The last lines, with secrets masked. */
  readonly tail: readonly string[];
  /** Size of the whole log. */
  readonly bytes: number;
}

/** A table by columns, because 10,000 rows as objects would be three times as large. */
export interface PageResults {
  readonly rows: number;
  readonly columns: readonly PageColumn[];
  /** Axes of the matrix, which are also part of the items' names. */
  readonly axes: readonly PageAxis[];
}

export interface PageAxis {
  readonly name: string;
  /** A value for each entry in the texts of the item column; `null` if the item has no such axis. */
  readonly values: readonly (string | number | null)[];
}

export interface PageColumn {
  readonly name: string;
  readonly kind:
    | 'item'
    | 'state'
    | 'key'
    | 'count'
    | 'when'
    | 'seconds'
    | 'axis'
    | 'param'
    | 'option'
    | 'env'
    | 'field'
    | 'code'
    | 'dep'
    | 'metric';
  /** One number for each row: the value itself, or with `texts` an index into it; `null` for no value. */
  readonly cells: readonly (number | null)[];
  readonly texts?: readonly string[] | undefined;
  /** For means: the means with their sample standard deviations, as texts. */
  readonly spreads?: readonly string[] | undefined;
}

export interface PageRun {
  /** Events with the time at which they were written, in ms since 1970. */
  readonly events: readonly TimedEvent[];
  /** True if the process that wrote them is gone without a summary. */
  readonly isCutOff: boolean;
}

/** An event of `pipe run --json`, as far as the page reads it. */
export interface TimedEvent {
  readonly at: number;
  readonly type: string;
  readonly item?: string;
  readonly verdict?: string;
  readonly action?: string;
  readonly reason?: string;
  readonly cpuSeconds?: number;
  readonly peakMemory?: number;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: string;
  readonly epoch?: number;
  readonly target?: number;
  readonly gpus?: readonly number[];
  readonly items?: readonly string[];
  readonly message?: string;
  readonly metrics?: { readonly [name: string]: Tree };
}

/** A message about a run to the live page. */
export interface RunMessage extends PageRun {
  /** Distinguishes runs; sorted by their start. */
  readonly id: string;
  /** True if `events` contains all events, not only new ones. */
  readonly isNew: boolean;
}
