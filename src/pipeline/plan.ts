/** The checked pipeline as plain data: every item with all that is known of it before anything runs. */
import type { Json, Resources } from '../stage/context.js';

export type { Resources };

/** What `pipeline.yaml`, profiles and `--set` come to. JSON: a plan is kept in the cache, by content. */
export interface Plan {
  /** Format of this structure; another number in a kept plan means: plan anew. */
  readonly format: 2;
  /** The resolved params tree. */
  readonly params: Json;
  /** In an order in which each item comes after all that it needs. */
  readonly items: readonly Item[];
  /** What is suspicious but no error, shown once. */
  readonly warnings: readonly string[];
  /** What it was made from besides pipeline.yaml. */
  readonly reads: readonly PlanRead[];
}

/** What the plan depends on, with the digest of what was read. Part of the plan, to check a kept one. */
export interface PlanRead {
  /** Relative to the project. */
  readonly path: string;
  /** The path is a pattern, of which the names that match were read. */
  readonly pattern: boolean;
  readonly digest: string;
}

/** One cell of a stage's matrix: the unit that runs. */
export interface Item {
  /** `train`, `train@faces`, `evaluate@faces,double20`. */
  readonly id: string;
  readonly stage: string;
  /** The cell, by axis in the order of the axes; empty without a matrix. */
  readonly matrix: Readonly<Record<string, string | number | boolean>>;
  readonly desc?: string;
  readonly action: Action;
  readonly deps: readonly Dep[];
  readonly outs: readonly Out[];
  /** Metrics inside of outs. They enter neither key nor record: the out does. */
  readonly views?: readonly MetricView[];
  /** The named params by dot path (`image`, `train.epochs`), resolved. */
  readonly params: Readonly<Record<string, Json>>;
  /** Of these, what a file of params says otherwise: a command that reads the file does not see it. */
  readonly overridden?: readonly Overridden[];
  /** Names of variables whose value enters the key, sorted. */
  readonly env: readonly string[];
  /** Names of variables that are passed on but appear nowhere, sorted. */
  readonly secrets: readonly string[];
  readonly resources: Resources;
  /** Threads that libraries may start, where the stage states its cores. */
  readonly threads?: number;
  readonly epochs?: EpochPlan;
  /** Seconds. */
  readonly timeout?: number;
  /** `packages: python`, in the stage or at the top of the file. */
  readonly packages?: 'own' | 'inherited';
  readonly retries: number;
  readonly always: boolean;
  /** Out path → JSON path pattern → allowed absolute deviation, for `verify`. */
  readonly tolerance?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Indices into `items` of those whose outs this one reads; sorted. */
  readonly needs: readonly number[];
}

export type Action =
  /** `run:` — a TypeScript or JavaScript stage; path relative to the project. */
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

/**
 * `command` and `argv` are what counts: of a pattern dep that the command names by `${deps.x}` they
 * hold the pattern, and `${resources.cpu}` stands there as it is written. `parts` is what to execute;
 * `expandAction` of command.ts puts the files in.
 */
export type CommandPart = string | FilesPart | ResourcePart;

/** A text, or in `argv` a word, with the size of a resource: another machine makes nothing stale. */
export interface ResourcePart {
  /** With the placeholder. */
  readonly written: string;
  readonly filled: string;
}

export interface FilesPart {
  readonly dep: string;
  readonly pattern: string;
  /** Where names of files cannot be quoted: what reads them as code once more, such as `eval`. */
  readonly reader?: string;
}

export interface Dep {
  /** Name within the stage; for a plain list the path or pattern as written. */
  readonly name: string;
  /** Relative to the project, `/` as separator, no `.` or `..`; a pattern when `glob`. */
  readonly path: string;
  readonly glob: boolean;
  /**
   * Gathering: the paths of all outs that the pattern matches, sorted; they count by their plan,
   * not by what happens to be on disk. Files on disk that no item writes match besides.
   */
  readonly gathered?: readonly string[];
  /**
   * Of a pattern: outs that do not match but, where they are folders, may hold files that do; sorted.
   * They are looked through once they are made. The item's own are not among them.
   */
  readonly within?: readonly string[];
  /** Patterns of what does not count, below the folder or the fixed part of the pattern. */
  readonly exclude?: readonly string[];
  /** It may be absent, or match nothing: that is a state like any other. */
  readonly optional?: boolean;
  /**
   * Outs that lie inside the dep, or inside a folder that its pattern gathers; sorted. Of such a
   * folder they count, and files of the user's own, and nothing that other plans left there.
   */
  readonly outs?: readonly string[];
  /**
   * Where a link leads to an out: the name by which this dep reaches it → its path. What is made is
   * looked at where it is made, since a link may not lead anywhere yet.
   */
  readonly links?: Readonly<Record<string, string>>;
  /** True when an item writes this path, something above it or something inside it. */
  readonly made: boolean;
}

export interface Out {
  readonly name: string;
  /** Relative to the project, `/` as separator. */
  readonly path: string;
  /** A JSON file that `pipe metrics` reads. */
  readonly metrics: boolean;
}

/** A JSON file that `pipe metrics` reads, inside a folder that is an out of the same item. */
export interface MetricView {
  readonly name: string;
  /** Relative to the project, `/` as separator. */
  readonly path: string;
  /** Name of the out that holds it. */
  readonly out: string;
}

/** A param of a file that a profile or `--set` changed. */
export interface Overridden {
  /** Dot path. */
  readonly param: string;
  /** The file that holds another value. */
  readonly file: string;
  /** `--set a.b=3`, `the profile "paper"`. */
  readonly by: string;
}

/** An incremental stage. */
export interface EpochPlan {
  /** The epoch to reach; with `patience` the last that may be reached. */
  readonly target: number;
  /** The param that the target was taken from (`train.epochs`): it is no part of the chain. */
  readonly param?: string;
  /** Stop when `best` has not improved for so many epochs. */
  readonly patience?: number;
  /** Path into the epoch's metrics, such as `val.ssim`, and which way is better. */
  readonly best?: Objective;
  /** What states stay; absent: all. */
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
