/** Programmatic API: the types of a plan, of events and results, and `run`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions, RunResult, Variant } from './decide/options.js';
import { type Host, openProject, readOnlyFor } from './decide/project.js';
import type { Emit } from './event.js';
import { checkRequest } from './run/check-request.js';
import { run as runProject } from './run/run-pipeline.js';

export type { RunResult } from './decide/options.js';
export { type Diagnostic, type Place, renderDiagnostic, UserError } from './error.js';
export type * from './event.js';
export type * from './pipeline/plan.js';

export interface RunRequest
  extends Partial<Omit<RunOptions, 'interruption' | 'again' | 'pull'>>,
    Partial<Variant> {
  /** The folder of pipeline.yaml, or one below it. Default: the current folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Receives every event. */
  readonly onEvent?: Emit;
  /** Aborting it ends the run: stages get SIGTERM, and SIGKILL after a grace time. */
  readonly signal?: AbortSignal;
}

/**
 * Runs what is stale, as `pipe run` does.
 *
 * @throws UserError for a mistake in pipeline.yaml, the request or the inputs. If it is found after
 *   items have run, the last event is still the summary, and pipeline.lock has their results.
 * @example const { summary } = await run({ targets: ['evaluate'], onEvent: (event) => console.log(event.type) });
 */
export async function run(request: RunRequest = {}): Promise<RunResult> {
  checkRequest(request);
  const emit: Emit = request.onEvent ?? (() => {});
  const never = new AbortController().signal;
  const variant = {
    profiles: request.profiles ?? [],
    set: request.set ?? [],
    ...(request.file !== undefined && { file: path.resolve(request.cwd ?? '.', request.file) }),
  };
  const { concurrency, executor, detach, remote } = request;
  const options: RunOptions = {
    targets: request.targets ?? [],
    only: request.only ?? false,
    force: request.force ?? false,
    dry: request.dry ?? false,
    frozen: request.frozen ?? false,
    keepGoing: request.keepGoing ?? false,
    ...(concurrency !== undefined && { concurrency }),
    ...(executor !== undefined && { executor }),
    ...(detach !== undefined && { detach }),
    ...(remote !== undefined && { remote }),
    interruption: { stop: request.signal ?? never, kill: never },
  };
  const warn = (message: string) => emit({ type: 'warning', message });
  const project = await openProject(hostOf(request), variant, warn, readOnlyFor(options));
  return runProject(project, options, emit);
}

function hostOf({ cwd, env }: RunRequest): Host {
  const dist = path.dirname(fileURLToPath(import.meta.url));
  const text = readFileSync(path.join(dist, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return { cwd: path.resolve(cwd ?? '.'), env: env ?? process.env, dist, version };
}
