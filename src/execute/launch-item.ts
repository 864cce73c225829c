/** Starts the process of one execution with its environment, and follows it to its end. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { unusable } from '../cache/files/file-errors.js';
import { finish } from '../cache/files/yielding.js';
import { canonical } from '../canonical.js';
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { matchedPaths } from '../decide/dep-files.js';
import { paramsTree } from '../decide/fingerprint.js';
import { secretValues, withheldFrom } from '../decide/secrets.js';
import { expandAction } from '../pipeline/items/command-parts.js';
import { isHarmless } from '../pipeline/items/shell-quote.js';
import type { Item } from '../pipeline/plan.js';
import { printable } from '../printable.js';
import { stageEnvironment } from '../process/environment.js';
import { followProgress, type Progress } from '../process/follow-progress.js';
import type { GpuLease } from '../process/gpu-lease.js';
import { maskText } from '../process/mask-secrets.js';
import { type Outcome, succeeded } from '../process/outcome.js';
import { type Command, execute } from '../process/run-process.js';
import type { ContextFile } from '../stage/context-file.js';
import { systemMessage } from '../system-message.js';
import type { EpochRun } from './epoch-run.js';
import type { ExecutionFiles } from './execution-files.js';
import type { Hold } from './hold.js';
import { removeOutdatedBytecode, sourcesBelow } from './outdated-bytecode.js';

/** From SIGTERM to SIGKILL: long enough to write a file, short enough to wait for. */
const GRACE_SECONDS = 5;

/** What the process receives, and the signals that end it. */
export interface Launching {
  readonly files: ExecutionFiles;
  readonly lease: GpuLease | undefined;
  readonly hold: Hold;
  readonly epochs: EpochRun | undefined;
}

export async function launchItem(
  handle: ItemHandle,
  { files, lease, hold, epochs }: Launching,
): Promise<Outcome> {
  const { build, item } = handle;
  const { project } = build;
  const { interruption } = build.options;
  const { env } = project;
  const secrets = secretValues(project.plan, env);
  const progress = followProgress(files.progress, (step) =>
    build.emit({ type: 'progress', item: item.id, ...step, ...shownUnit(step, secrets) }),
  );
  try {
    epochs?.watch();
    const outcome = await execute({
      command: await commandOf(handle, files),
      doing: item.id,
      cwd: project.root,
      env: stageEnvironment(env, {
        withheld: withheldFrom(project.plan, item),
        progress: files.progress,
        context: files.context,
        gpus: lease?.visible,
        threads: item.threads,
        epochs: epochs?.env,
      }),
      log: path.join(project.root, files.log),
      script: files.script,
      forkServer: path.join(project.dist, 'fork-server.cjs'),
      secrets,
      onLogLost: (error) => {
        handle.warn(`its log is incomplete: ${systemMessage(error) ?? error.message}`);
      },
      timeout: item.timeout,
      grace: GRACE_SECONDS,
      stop: [interruption.stop, ...(epochs === undefined ? [] : [epochs.stop])],
      kill: [interruption.kill, hold.lost],
      onStart: (group) => {
        hold.noteGroup(group);
        lease?.noteGroup(group);
      },
    });
    await epochs?.drain(succeeded(outcome));
    return outcome;
  } finally {
    progress.close();
  }
}

/** Removes terminal sequences and secrets from the stage's text before it is displayed. */
function shownUnit({ unit }: Progress, secrets: readonly string[]): { unit?: string } {
  return unit === undefined ? {} : { unit: maskText(printable(unit), secrets) };
}

async function commandOf(handle: ItemHandle, files: ExecutionFiles): Promise<Command> {
  const { build, index, item } = handle;
  const matched = new Map<string, readonly string[]>();
  for (const dep of item.deps)
    if (dep.glob) matched.set(dep.name, await finish(matchedPaths(dep, build.project)));
  writeFileSync(files.context, canonical(contextOf(build, item, matched)));
  await dropOutdatedBytecode(handle, matched);
  if (item.action.kind !== 'module') return expandedAction(item, matched);
  const bundle = await build.codes.bundleFor(index);
  return { kind: 'module', host: path.join(build.project.dist, 'stage-host.mjs'), bundle };
}

/** Checks all Python files of the item: traced or declared, alone or in a folder. */
async function dropOutdatedBytecode(handle: ItemHandle, matched: Matched): Promise<void> {
  const { build, item, code } = handle;
  const { root, env } = build.project;
  const files = new Set([
    ...(code.kind === 'command' ? Object.keys(code.scripts) : []),
    ...item.deps.flatMap((dep) => matched.get(dep.name) ?? dep.path),
  ]);
  // In an out, compiled modules are part of the result.
  for (const { path: where } of item.deps.filter(({ glob, made }) => !glob && !made))
    for (const file of await finish(sourcesBelow(root, where))) files.add(file);
  removeOutdatedBytecode(root, files, env.PYTHONPYCACHEPREFIX, (message) => handle.warn(message));
}

/** The matching paths of each pattern dep, by its name. */
type Matched = ReadonlyMap<string, readonly string[]>;

/** Expands a pattern dep in the command to the matching files. */
function expandedAction(item: Item, matched: Matched): Command {
  const action = expandAction(item.action, ({ dep: name, reader }) => {
    const files = matched.get(name) ?? [];
    const bad = reader === undefined ? undefined : files.find((file) => !isHarmless(file));
    if (bad !== undefined)
      throw unusable(bad, `has a name that cannot be quoted here (${reader})`, 'rename it');
    return files;
  });
  if (action.kind === 'module') throw new Error(`${item.id} has no command`);
  return action;
}

function contextOf(build: BuildContext, item: Item, matched: Matched): ContextFile {
  const absolute = (relative: string) => path.join(build.project.root, relative);
  const deps = item.deps.map((dep) => [
    dep.name,
    matched.get(dep.name)?.map(absolute) ?? absolute(dep.path),
  ]);
  return {
    item: item.id,
    stage: item.stage,
    matrix: item.matrix,
    params: paramsTree(item.params, build.project.plan.params),
    deps: Object.fromEntries(deps),
    outs: Object.fromEntries(item.outs.map((out) => [out.name, absolute(out.path)])),
    resources: item.resources,
  };
}
