/** Watch mode: runs, waits for a change of a relevant file, and runs again. */
import type { Interruption, RunOptions, RunResult, Variant } from '../decide/options.js';
import { findRoot, type Host, openProject, type Project } from '../decide/project.js';
import { UserError } from '../error.js';
import type { Emit, RunEvent } from '../event.js';
import { pipelineName } from '../pipeline/root.js';
import { run } from '../run/run-pipeline.js';
import { realPath } from '../sys/real-place.js';
import { type FileWatch, type WatchSet, watchFiles } from './file-watch.js';
import { openToWatch, type Place } from './open-to-watch.js';
import { OwnWrites } from './own-writes.js';
import { PlanEdits } from './plan-edits.js';
import { transition, type WatchInput, type WatchState } from './watch-state.js';
import type { Watched } from './watched.js';

/** User interface of watch mode, apart from the events of each run. */
interface WatchUser {
  readonly emit: Emit;
  /** Shows an error in pipeline.yaml or a stage; the watch waits for its correction. */
  readonly onMistake: (error: UserError) => void;
  /** A run begins because files changed; `over` when it replaces a stopped run. */
  readonly onChanged: (what: string, over: boolean) => void;
  /** Nothing more to do for now. */
  readonly onIdle: (result: RunResult | undefined) => void;
  /** Called once, with the actions for the keys. */
  readonly bindKeys: (keys: { runNow(): void; quit(): void }) => void;
}

/** Editors write a file in several steps: after this time without changes it counts as complete. */
const QUIET_MS = 60;

/** Resolves when the user quits or the run is interrupted. */
export async function watchProject(
  host: Host,
  variant: Variant,
  options: RunOptions,
  user: WatchUser,
): Promise<void> {
  const session = new Session(host, variant, options, user);
  await session.untilQuit();
}

class Session {
  readonly #host: Host;
  readonly #variant: Variant;
  readonly #options: RunOptions;
  readonly #user: WatchUser;
  readonly #root: string;
  readonly #ended: Promise<void>;
  #end: (error?: unknown) => void = () => {};
  /** When each item that executes began, in milliseconds since 1970. */
  readonly #executing = new Map<string, number>();
  /** Files that changed since the last run began. */
  readonly #changes = new Set<string>();
  readonly #own: OwnWrites;
  #state: WatchState = 'idle';
  #set: WatchSet | undefined;
  /** The last project read from a valid pipeline. */
  #known: Watched | undefined;
  #watch: FileWatch | undefined;
  /** Edits of the plan's files during the current run. */
  #edits: PlanEdits | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #stopRun = new AbortController();
  /** The error that ended the watch, and so the session. */
  #error: unknown;

  constructor(host: Host, variant: Variant, options: RunOptions, user: WatchUser) {
    this.#host = host;
    this.#variant = { ...variant, ...(host.file !== undefined && { file: host.file }) };
    this.#options = options;
    this.#user = user;
    // Real path, as in traces: `..` after a link leads elsewhere.
    this.#root = realPath(findRoot(host));
    this.#own = new OwnWrites(this.#root);
    this.#ended = new Promise((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  async untilQuit(): Promise<void> {
    const { stop } = this.#options.interruption;
    const quit = () => this.#input({ type: 'quit' });
    stop.addEventListener('abort', quit, { once: true });
    this.#user.bindKeys({ runNow: () => this.#input({ type: 'run-now' }), quit });
    this.#input({ type: 'run-now' });
    try {
      await this.#ended;
    } finally {
      stop.removeEventListener('abort', quit);
      clearTimeout(this.#quiet);
      this.#edits?.close();
      await this.#watch?.close();
    }
  }

  #input(input: WatchInput): void {
    const { state, effect } = transition(this.#state, input);
    this.#state = state;
    switch (effect) {
      case 'wait-for-quiet':
        clearTimeout(this.#quiet);
        this.#quiet = setTimeout(() => this.#input({ type: 'quiet' }), QUIET_MS);
        break;
      case 'start-run':
        clearTimeout(this.#quiet);
        this.#tellChanges();
        this.#runOnce().then(
          () => this.#input({ type: 'run-ended' }),
          (error: unknown) => this.#end(error),
        );
        break;
      case 'stop-run':
        this.#stopRun.abort();
        break;
      case 'end':
        this.#end(this.#error);
        break;
      case undefined:
        break;
      default:
        effect satisfies never;
    }
  }

  #tellChanges(): void {
    if (this.#changes.size === 0) return;
    this.#user.onChanged(changesText(this.#changes), this.#stopRun.signal.aborted);
    this.#changes.clear();
  }

  async #runOnce(): Promise<void> {
    this.#stopRun = new AbortController();
    this.#own.begin();
    try {
      const project = await this.#openWatched();
      if (this.#error !== undefined) {
        project.cache.close();
        return;
      }
      const edits = this.#planEdits();
      const options = { ...this.#options, interruption: this.#interruption(edits) };
      const result = await run(project, options, this.#emit);
      if (this.#stopRun.signal.aborted) return;
      // Another run follows: a stage whose writes cause it is not known yet.
      if (this.#state !== 'dirty') this.#own.forget();
      this.#user.onIdle(result);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#user.onMistake(error);
      this.#user.onIdle(undefined);
    } finally {
      this.#edits?.close();
      this.#edits = undefined;
    }
  }

  /**
   * Opens the project with a watch on all relevant files. Reads it again if something changed before
   * the watch was active.
   *
   * @throws UserError when it is not readable; the files that may fix it are watched
   */
  async #openWatched(): Promise<Project> {
    const warn = this.#warnOnce();
    for (let watchedId: string | undefined; ; ) {
      const opened = await openToWatch(this.#place, this.#known, warn);
      const { set, project } = opened;
      if (project !== undefined) this.#known = opened.set;
      if (set.id === watchedId) {
        if (project === undefined) throw opened.error;
        return project;
      }
      project?.cache.close();
      // Closes the old watch first, because two simultaneous watches would each miss what the other
      // removed.
      await this.#watch?.close();
      this.#set = set;
      this.#watch = await watchFiles(this.#root, set, this.#changed, this.#failed);
      watchedId = set.id;
    }
  }

  get #place(): Place {
    const { targets } = this.#options;
    return { host: this.#host, variant: this.#variant, targets, root: this.#root };
  }

  get #pipeline(): string {
    return pipelineName(this.#root, this.#variant.file);
  }

  #warnOnce(): (message: string) => void {
    const told = new Set<string>();
    return (message) => {
      if (told.has(message)) return;
      told.add(message);
      this.#user.emit({ type: 'warning', message });
    };
  }

  #interruption(edits: PlanEdits): Interruption {
    const { stop, kill } = this.#options.interruption;
    return {
      stop: AbortSignal.any([stop, this.#stopRun.signal]),
      kill,
      changing: (item) => edits.changing(item),
    };
  }

  /** The edits during a run of the project that was opened last. */
  #planEdits(): PlanEdits {
    const { build } = this.#known as Watched;
    const edits = new PlanEdits(build, QUIET_MS, {
      open: () => openProject(this.#host, this.#variant, () => {}, true),
      onRead: () => this.#stopChanged([...this.#executing.keys()]),
      onMistake: ({ message }) => {
        const goesOn = 'the run goes on with the pipeline that it began with';
        this.#user.emit({ type: 'warning', message: `${message}: ${goesOn}` });
      },
      onBug: this.#failed,
    });
    this.#edits = edits;
    for (const file of this.#changes) if (this.#set?.isOfPlan(file)) edits.add(file);
    return edits;
  }

  /** Stops the run if an edit of the plan has changed one of these items. */
  #stopChanged(items: readonly string[]): void {
    const isStale = (item: string) =>
      this.#edits?.changing(item) !== undefined && !this.#own.isSpoilt(item);
    const stale = items.filter(isStale);
    for (const item of items)
      this.#host.debug?.(
        `${item}: ${stale.includes(item) ? 'stops' : 'goes on'} after an edit of the plan`,
      );
    if (stale.length > 0) this.#input({ type: 'changed', concerns: true });
  }

  readonly #emit = (event: RunEvent): void => {
    if (event.type === 'start') {
      this.#executing.set(event.item, Date.now());
      if (event.action === 'run' && this.#edits?.changing(event.item))
        this.#stopChanged([event.item]);
    }
    if (event.type === 'item') this.#executing.delete(event.item);
    this.#user.emit(this.#withCause(event));
  };

  /** Replaces the reason "interrupted" by the change that caused the interruption. */
  #withCause(event: RunEvent): RunEvent {
    if (event.type !== 'item' || event.verdict !== 'cancelled') return event;
    if (!this.#stopRun.signal.aborted || this.#changes.size === 0) return event;
    return { ...event, reason: changesText(this.#changes) };
  }

  /** A watch that may miss changes must end, after the current run is stopped. */
  readonly #failed = (error: unknown): void => {
    this.#error ??= error;
    this.#input({ type: 'quit' });
  };

  readonly #changed = (relative: string): void => {
    this.#changes.add(relative);
    const isOfPlan = this.#set?.isOfPlan(relative) === true;
    // Which items an edit of the plan concerns is known when it is read again.
    const readers = [...this.#executing.keys()].filter((item) =>
      this.#set?.concerns(relative, [item]),
    );
    const items = isOfPlan ? [...this.#executing.keys()] : readers;
    const own = this.#ownName(relative, items);
    const concerns = readers.some((item) => !this.#own.isSpoilt(item));
    if (own === undefined || this.#state === 'stopping') {
      this.#input({ type: 'changed', concerns });
      if (isOfPlan && this.#state === 'dirty') this.#edits?.add(relative);
    } else {
      this.#changes.delete(relative);
      this.#warnOfOwn(own, items[0]);
    }
  };

  /** The name to report if these items made the change. No stage writes pipeline.yaml. */
  #ownName(relative: string, items: readonly string[]): string | undefined {
    if (items.length === 0 || relative === this.#pipeline) return undefined;
    const now = Date.now();
    const began = (item: string) => this.#executing.get(item) ?? now;
    return this.#own.record(relative, new Map(items.map((item) => [item, now - began(item)])));
  }

  #warnOfOwn(file: string, item = ''): void {
    const message = `${file} changes whenever ${item} runs, so its changes do not restart the run: make the stage write to an out instead`;
    this.#own.warnOnce(() => this.#user.emit({ type: 'warning', item, message }));
  }
}

function changesText(files: ReadonlySet<string>): string {
  const [first, ...more] = files;
  if (more.length === 0) return `${first} changed`;
  return `${first} and ${more.length === 1 ? '1 more file' : `${more.length} more files`} changed`;
}
