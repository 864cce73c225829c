/** Watch mode: runs, waits for a change of a file that counts, and runs again. */
import path from 'node:path';
import { watch as watchFiles } from 'chokidar';
import { UserError } from '../error.js';
import type { Emit, RunEvent } from '../event.js';
import { PIPELINE_FILE } from '../pipeline/source.js';
import { findRoot, type Host, openProject, type Project, type Variant } from './project.js';
import { inspection, type RunResult, run } from './run.js';
import { transition, type WatchInput, type WatchState } from './watch-state.js';
import { Watched } from './watched.js';
import type { Interruption, RunOptions } from './work.js';

/** What the user sees and does beside the events of each run. */
export interface WatchUser {
  readonly emit: Emit;
  /** A pipeline.yaml or a stage that cannot be read: shown, and waited for. */
  readonly onMistake: (error: UserError) => void;
  /** All is done for now. */
  readonly onIdle: (result: RunResult | undefined) => void;
  /** Called once with what the keys do. */
  readonly bindKeys: (keys: { runNow(): void; quit(): void }) => void;
}

/** Editors write a file in several steps; so long after the last of them it is taken for whole. */
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
  readonly #executing = new Set<string>();
  #state: WatchState = 'idle';
  #watched: Watched | undefined;
  #watcher: ReturnType<typeof watchFiles> | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #stopRun = new AbortController();

  constructor(host: Host, variant: Variant, options: RunOptions, user: WatchUser) {
    this.#host = host;
    this.#variant = variant;
    this.#options = options;
    this.#user = user;
    this.#root = findRoot(host.cwd);
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
      await this.#watcher?.close();
    }
  }

  #input(input: WatchInput): void {
    const { state, effects } = transition(this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      switch (effect) {
        case 'wait-for-quiet':
          clearTimeout(this.#quiet);
          this.#quiet = setTimeout(() => this.#input({ type: 'quiet' }), QUIET_MS);
          break;
        case 'start-run':
          clearTimeout(this.#quiet);
          this.#runOnce().then(
            () => this.#input({ type: 'run-ended' }),
            (error: unknown) => this.#end(error),
          );
          break;
        case 'stop-run':
          this.#stopRun.abort();
          break;
        case 'end':
          this.#end();
          break;
        default:
          effect satisfies never;
      }
    }
  }

  async #runOnce(): Promise<void> {
    this.#stopRun = new AbortController();
    try {
      const project = await openProject(this.#host, this.#variant, (message) =>
        this.#user.emit({ type: 'warning', message }),
      );
      await this.#watchFor(project);
      const result = await run(
        project,
        { ...this.#options, interruption: this.#interruption() },
        this.#emit,
      );
      if (!this.#stopRun.signal.aborted) this.#user.onIdle(result);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#user.onMistake(error);
      await this.#watchAlone();
      this.#user.onIdle(undefined);
    }
  }

  #interruption(): Interruption {
    const { stop, kill } = this.#options.interruption;
    return { stop: AbortSignal.any([stop, this.#stopRun.signal]), kill };
  }

  readonly #emit = (event: RunEvent): void => {
    if (event.type === 'start') this.#executing.add(event.item);
    if (event.type === 'item') this.#executing.delete(event.item);
    this.#user.emit(event);
  };

  /** Before the run starts, so that no change during it is missed. */
  async #watchFor(project: Project): Promise<void> {
    const watched = new Watched(await inspection(project, this.#options.targets));
    this.#watched = watched;
    await this.#watch(
      (relative) => watched.counts(relative),
      (folder) => watched.leadsTo(folder),
    );
  }

  /** While pipeline.yaml or a stage cannot be read: what counted before counts still. */
  async #watchAlone(): Promise<void> {
    const known = this.#watched;
    const counts = (relative: string) =>
      relative === PIPELINE_FILE || known?.counts(relative) === true;
    await this.#watch(counts, (folder) => known?.leadsTo(folder) === true);
  }

  async #watch(
    counts: (path: string) => boolean,
    leads: (folder: string) => boolean,
  ): Promise<void> {
    const before = this.#watcher;
    const relativeOf = (absolute: string) =>
      path.relative(this.#root, absolute).split(path.sep).join('/');
    const watcher = watchFiles(this.#root, {
      ignoreInitial: true,
      ignored: (absolute) => {
        const relative = relativeOf(absolute);
        return relative !== '' && (isOurs(relative) || !(counts(relative) || leads(relative)));
      },
    });
    watcher.on('all', (_event, absolute) => this.#changed(relativeOf(absolute)));
    watcher.on('error', (error) => this.#end(error));
    await new Promise<void>((resolve) => watcher.once('ready', resolve));
    this.#watcher = watcher;
    await before?.close();
  }

  #changed(relative: string): void {
    if (this.#watched?.counts(relative) === false && relative !== PIPELINE_FILE) return;
    const concerns =
      relative === PIPELINE_FILE || this.#watched?.concerns(relative, this.#executing) === true;
    this.#input({ type: 'changed', concerns: concerns && this.#executing.size > 0 });
  }
}

/** Folders that are never anybody's input. */
function isOurs(relative: string): boolean {
  return /^(cache|node_modules|\.git)(\/|$)/.test(relative);
}
