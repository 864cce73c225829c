/** The checked pipeline as plain data: every item, with everything known before a run. */
import type { Json, Resources } from '../stage/context.js';

export type { Resources };

/** The result of `pipeline.yaml`, profiles and `--set`. JSON, since a plan is cached by content. */
export interface Plan {
  /** The resolved params tree. */
  readonly params: Json;
  /** In topological order: each item comes after the items that it needs. */
  readonly items: readonly Item[];
  /** Warnings, each shown once. */
  readonly warnings: readonly string[];
  /** The files other than pipeline.yaml from which it was made. */
  readonly reads: readonly PlanRead[];
  /** Params files with a param that has another value in this plan; absent: there are none. */
  readonly overridden?: readonly string[];
  /** With params files: params that only `--set` or a profile adds, in maps; absent: there are none. */
  readonly added?: readonly AddedParam[];
  /** `remote:`, which is not part of any key. */
  readonly remote?: RemotePlace;
}

/** A param that no file has, by dot path. */
export interface AddedParam {
  readonly param: string;
  /** The map of the files that it is added to; empty for the whole tree. */
  readonly map: string;
}

/** `remote:` of pipeline.yaml. */
export interface RemotePlace {
  readonly url: string;
  /** For an S3 server that is not AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Which checkpoints are sent: none, the newest, or all that `keep` keeps. Default: `last`. */
  readonly states?: 'none' | 'last' | 'keep';
  /** Public keys, `ed25519:<base64>`: only results that one of them signed count. */
  readonly trust?: readonly string[];
}

/** An input of the plan, with its digest. Part of the plan, so that a cached one can be validated. */
export interface PlanRead {
  /** Relative to the project. */
  readonly path: string;
  /** True when the path is a pattern whose matching names were read. */
  readonly pattern: boolean;
  readonly digest: string;
}

/** One cell of a stage's matrix: the unit of execution. */
export interface Item {
  /** `train`, `train@faces`, `evaluate@faces,double20`. */
  readonly id: string;
  readonly stage: string;
  /** Value by axis, in axis order; empty without a matrix. */
  readonly matrix: Readonly<Record<string, string | number | boolean>>;
  readonly desc?: string;
  readonly action: Action;
  readonly deps: readonly Dep[];
  readonly outs: readonly Out[];
  /** Metrics inside outs. They are not part of the key or the record, because the out is. */
  readonly views?: readonly MetricView[];
  /** In the order of the file. They are not part of the key or the record, because the outs are. */
  readonly plots?: readonly Plot[];
  /** The named params by dot path (`image`, `train.epochs`), resolved. */
  readonly params: Readonly<Record<string, Json>>;
  /** Params that were substituted in the command, by dot path. The key contains the command instead. */
  readonly filled?: Readonly<Record<string, Json>>;
  /** Names of variables that are part of the key, sorted. */
  readonly env: readonly string[];
  /** Names of variables that are passed on but never displayed, sorted. */
  readonly secrets: readonly string[];
  readonly resources: Resources;
  /** Thread limit for libraries, if the stage declares its cores. */
  readonly threads?: number;
  /** Seconds: time limit of one cluster job. */
  readonly time?: number;
  /** The executor; absent: the one of the command line. */
  readonly executor?: string;
  /** Options for sbatch. */
  readonly slurm?: string;
  readonly epochs?: EpochPlan;
  /** Seconds. */
  readonly timeout?: number;
  /** `packages: python`, in the stage or at the top of the file. */
  readonly packages?: 'own' | 'inherited';
  readonly retries: number;
  readonly always: boolean;
  /** Out path → JSON path pattern → allowed absolute deviation, for `verify`. */
  readonly tolerance?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Indices into `items` of those whose outs it reads; sorted. */
  readonly needs: readonly number[];
}

export type Action =
  /** `run:`, a TypeScript or JavaScript stage; path relative to the project. */
  | { readonly kind: 'module'; readonly file: string }
  /** `cmd:` as a string, after substitution, for `/bin/sh -e -c`, or for bash. */
  | {
      readonly kind: 'shell';
      readonly shell?: 'bash';
      readonly command: string;
      readonly parts?: readonly CommandPart[];
    }
  /** `cmd:` as a list, after substitution; no shell. */
  | {
      readonly kind: 'argv';
      readonly argv: readonly string[];
      readonly parts?: readonly CommandPart[];
    };

/** `cmd:`. */
export type CommandAction = Exclude<Action, { readonly kind: 'module' }>;

/**
 * `command` and `argv` are part of the key: there, `${deps.x}` of a pattern dep is its pattern, and
 * `${resources.cpu}` is literal. `parts` is for execution; `expandAction` in command-parts.ts
 * fills in the files.
 */
export type CommandPart = string | FilesPart | ResourcePart;

/** Text with the amount of a resource. The key omits it, so that a different machine does not make anything stale. */
export interface ResourcePart {
  /** The text with its placeholder. */
  readonly written: string;
  readonly filled: string;
}

export interface FilesPart {
  readonly dep: string;
  readonly pattern: string;
  /** The program that parses file names again as code, such as `eval`, for which quoting is impossible. */
  readonly reader?: string;
}

export interface Dep {
  /** Name within the stage; for a plain list, the path or pattern as written. */
  readonly name: string;
  /** Relative to the project, `/` as separator, no `.` or `..`; a pattern when `glob`. */
  readonly path: string;
  readonly glob: boolean;
  /**
   * Sorted paths of all outs that the pattern matches. They count because of the plan, whether or
   * not they exist. Other matching files on disk count too.
   */
  readonly gathered?: readonly string[];
  /**
   * For a pattern: sorted outs that do not match but, if they are folders, may contain matching
   * files. They are searched once they exist. Excludes the item's own.
   */
  readonly within?: readonly string[];
  /** Patterns to exclude, relative to the folder or to the fixed part of the pattern. */
  readonly exclude?: readonly string[];
  /** True if it may be absent or match nothing, which is a state like any other. */
  readonly optional?: boolean;
  /**
   * Sorted outs inside the dep, or inside a folder that its pattern gathers. In such a folder,
   * these and the user's files count; leftovers of other plans do not.
   */
  readonly outs?: readonly string[];
  /**
   * For links to outs: name in this dep → path of the out. The out is read at its own path, because
   * the link may still be broken.
   */
  readonly links?: Readonly<Record<string, string>>;
  /** True if an item writes this path, one above it or one inside it. */
  readonly made: boolean;
}

export interface Out {
  readonly name: string;
  /** Relative to the project, `/` as separator. */
  readonly path: string;
  /** A JSON file that `pipe metrics` reads. */
  readonly metrics: boolean;
  /** No run overwrites or removes it. */
  readonly protected?: boolean;
  /** True if it is removed once all items that read it are done. */
  readonly temp?: boolean;
}

/** A JSON file that `pipe metrics` reads, inside an out folder of the same item. */
export interface MetricView {
  readonly name: string;
  /** Relative to the project, `/` as separator. */
  readonly path: string;
  /** Name of the out that is the file or contains it. */
  readonly out: string;
}

/** A table or picture among the outs. */
export interface Plot extends MetricView {
  /** The column of the horizontal axis; absent: the row number. */
  readonly x?: string;
  /** The columns to draw; absent: all others that contain numbers. */
  readonly y?: readonly string[];
}

/** An incremental stage. */
export interface EpochPlan {
  /** The epoch to reach; with `patience`, the last one allowed. */
  readonly target: number;
  /** The param that provides the target (`train.epochs`), which is not part of the chain. */
  readonly param?: string;
  /** Stops after this number of epochs without a better `best`. */
  readonly patience?: number;
  /** Path into the epoch's metrics, such as `val.ssim`, and its direction. */
  readonly best?: Objective;
  /** Checkpoint retention; absent: keeps all. */
  readonly keep?: Keep;
}

export interface Objective {
  readonly metric: string;
  readonly mode: 'max' | 'min';
}

export interface Keep {
  readonly last?: number;
  readonly every?: number;
  readonly best?: Objective;
}
