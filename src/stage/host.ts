/**
 * The stage host: the process of a `run:` stage. Loads the bundle named on its command line and runs
 * it with its context. Entry point of dist/stage-host.mjs; see docs/stage-protocol.md.
 */
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { StageContext } from './context.js';
import type { ContextFile } from './context-file.js';
import { STAGE_PROTOCOL } from './define.js';
import { EpochProtocol, epochVariables } from './epoch-protocol.js';
import { progressWriter } from './write-progress.js';

type Run = (context: StageContext) => unknown;

/** An error in the stage's module that its author can fix, shown without a stack. */
class StageMistake extends Error {}

/** A stage with only a pending promise keeps no handle open, so Node would end it as if it were done. */
let settled = false;

async function main(): Promise<void> {
  const { PIPE_CONTEXT, PIPE_RUNNER_FD } = process.env;
  const bundle = process.argv[2];
  if (bundle === undefined || PIPE_CONTEXT === undefined)
    throw new StageMistake(
      'the stage host is started by `pipe run`, with a bundle and PIPE_CONTEXT',
    );
  if (PIPE_RUNNER_FD !== undefined) endWithRunner(Number(PIPE_RUNNER_FD));
  const run = runOf(await import(pathToFileURL(bundle).href));
  const host = makeContext(JSON.parse(readFileSync(PIPE_CONTEXT, 'utf8')) as ContextFile);
  await run(host.context);
  await host.epochs?.settled();
}

/** The run has the other end of a pipe, which closes when the run dies for any reason. */
function endWithRunner(fd: number): void {
  delete process.env.PIPE_RUNNER_FD;
  const pipe = new Socket({ fd, readable: true, writable: false });
  const end = () => {
    process.stderr.write('pipe: the run has ended, so this stage ends too\n');
    process.exit(1);
  };
  pipe.on('end', end).on('error', end).resume();
  pipe.unref();
}

/** The bundle's export: the object that `defineStage` returns, or a plain function. */
function runOf(module: { readonly default?: unknown }): Run {
  const stage = module.default;
  if (typeof stage === 'function') return stage as Run;
  if (isDefinition(stage)) {
    if (stage.pipeStage === STAGE_PROTOCOL) return stage.run;
    throw new StageMistake(
      `the stage uses protocol ${stage.pipeStage}, and this version of pipe uses ${STAGE_PROTOCOL}: install the same version of pipe-run in the project`,
    );
  }
  const found =
    stage === undefined
      ? 'no default export'
      : `a default export of type ${stage === null ? 'null' : typeof stage}`;
  throw new StageMistake(
    `the stage has ${found}: write \`export default defineStage(async ({ params, deps, outs }) => { … })\``,
  );
}

function isDefinition(value: unknown): value is { pipeStage: number; run: Run } {
  const stage = value as { pipeStage?: unknown; run?: unknown } | null | undefined;
  return typeof stage?.pipeStage === 'number' && typeof stage.run === 'function';
}

function makeContext(file: ContextFile): { context: StageContext; epochs?: EpochProtocol } {
  const variables = epochVariables(process.env);
  const abort = lazyAbort();
  const epochs = variables && new EpochProtocol(variables);
  const context: StageContext = {
    item: file.item,
    stage: file.stage,
    matrix: file.matrix as StageContext['matrix'],
    params: file.params,
    deps: withKnownNames('deps', file.deps as StageContext['deps']),
    outs: withKnownNames('outs', file.outs),
    resources: file.resources,
    progress: progressWriter(process.env.PIPE_PROGRESS),
    get signal() {
      return abort();
    },
    get epochs() {
      if (epochs) return epochs;
      throw new Error(
        `${file.item} is not incremental: give the stage \`epochs:\` in pipeline.yaml`,
      );
    },
  };
  return epochs ? { context, epochs } : { context };
}

const CURES = {
  deps: 'A dep has the name that `deps:` gives it; in a plain list, its path is the name',
  outs: 'An out has the name that `outs:` gives it; in a plain list, its path is the name',
} as const;

/** What JavaScript itself looks for on any object: `await` and JSON.stringify. */
const OPTIONAL = ['then', 'toJSON'];

/**
 * A name that the stage does not have is an error, not undefined, as in Python. The prototype says so:
 * the object itself stays a plain one, which can be copied, listed and sent to a worker.
 */
function withKnownNames<T extends object>(kind: keyof typeof CURES, paths: T): T {
  const names = Object.keys(paths).join(', ');
  const prototype = new Proxy(Object.prototype, {
    get(target, name) {
      // Without it, console.log looks for names of its own.
      if (name === inspect.custom) return () => ({ ...paths });
      if (typeof name === 'symbol' || name in target || OPTIONAL.includes(name))
        return Reflect.get(target, name, paths);
      const known = names === '' ? 'it is empty' : `it has: ${names}`;
      throw new Error(`${kind} has no "${name}"; ${known}. ${CURES[kind]}`);
    },
  });
  return Object.setPrototypeOf(paths, prototype);
}

/**
 * The signal that SIGTERM aborts. Only a stage that reads it handles SIGTERM; otherwise SIGTERM
 * ends the stage immediately, like any process.
 */
function lazyAbort(): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (controller) return controller.signal;
    const made = new AbortController();
    process.once('SIGTERM', () => made.abort(new Error('the run asks the stage to end (SIGTERM)')));
    controller = made;
    return made.signal;
  };
}

function fail(error: unknown): never {
  settled = true;
  // The stack, with the causes below it.
  const text = error instanceof StageMistake ? `pipe: ${error.message}` : inspect(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
process.once('beforeExit', () => {
  if (!settled) fail(new StageMistake('the stage ended with a pending promise'));
});
main().then(() => {
  settled = true;
}, fail);
