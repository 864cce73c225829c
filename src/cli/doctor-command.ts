/** `pipe doctor`: checks the machine and the project for problems. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { loadsByPath } from '../code/loaded-files.js';
import { coversCode, coversPython } from '../code/opaque.js';
import { openCodes } from '../decide/code.js';
import { excess } from '../decide/excess.js';
import { openProject, type Project, rootOf } from '../decide/project.js';
import { renderDiagnostic, UserError } from '../error.js';
import { executorOf, LOCAL } from '../executor/choice.js';
import type { Dep, Item } from '../pipeline/plan.js';
import { findGpus } from '../process/gpus.js';
import { gibibytes, thisMachine } from '../process/machine.js';
import { remoteOf } from '../remote/remote-config.js';
import { plural } from '../report/wording.js';
import { lstatIfThere, textIfThere } from '../sys/if-there.js';
import { isProgram } from '../sys/is-program.js';
import { isWithin } from '../sys/is-within.js';
import { namedPlace } from '../sys/real-place.js';
import { type Command, type CommandContext, EXIT } from './command.js';
import { type Finding, trialJob } from './trial-job.js';

type Check = (context: CommandContext) => Promise<Finding | undefined> | Finding | undefined;

const CHECKS: readonly Check[] = [
  node,
  machine,
  gpus,
  cacheFolder,
  pipeline,
  remoteCache,
  ownCheck,
];

export const command: Command = {
  command: 'doctor',
  positionals: '',
  summary:
    'Checks the machine and the project: Node, cores, GPUs, disk, cache folder, pipeline.yaml, remote cache. ' +
    'Then runs the script `pipe:doctor` of package.json, if there is one, and prints its output.',
  options: [
    {
      name: 'executor',
      value: 'name',
      help: 'also submit a trial job: to slurm, or to an executor of pipe.local.yaml',
    },
  ],
  async run(parsed, context) {
    const executor = parsed.text('executor');
    const trial: Check = () => (executor === undefined ? undefined : trialJob(executor, context));
    let good = true;
    for (const check of [...CHECKS, trial]) {
      const finding = await guarded(check, context);
      if (finding === undefined) continue;
      good &&= finding.good;
      context.terminal.out(`${finding.good ? 'ok  ' : 'BAD '} ${finding.text}\n`);
      for (const note of finding.notes ?? []) context.terminal.out(`note ${note}\n`);
    }
    return good ? EXIT.done : EXIT.mistake;
  },
};

async function guarded(check: Check, context: CommandContext): Promise<Finding | undefined> {
  try {
    return await check(context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Below the first line's text.
    const text = error.diagnostics.map(renderDiagnostic).join('\n').replaceAll('\n', '\n     ');
    return { good: false, text };
  }
}

function node(): Finding {
  return { good: true, text: `Node ${process.versions.node}` };
}

function machine({ host }: CommandContext): Finding {
  const { cores, memory, whole } = thisMachine(host.env);
  const text = sizeText({ cores, memory });
  const limited = cores < whole.cores || memory < whole.memory;
  return {
    good: true,
    text: limited ? `${text}, by the limits of its cgroup or job, of ${sizeText(whole)}` : text,
  };
}

function sizeText({ cores, memory }: { cores: number; memory: number }): string {
  return `${plural(cores, 'core')}, ${gibibytes(memory)} of memory`;
}

async function gpus({ host }: CommandContext): Promise<Finding> {
  const { indices, virtual } = await findGpus({ ...host.env });
  const text = virtual
    ? 'no GPU found: GPU items run one at a time, without a GPU'
    : `GPUs: ${indices.join(', ')}`;
  return { good: true, text };
}

function cacheFolder({ host }: CommandContext): Finding | undefined {
  const root = rootOf(host);
  // The check of pipeline.yaml reports a missing project.
  if (root === undefined) return undefined;
  const folder = namedPlace(root, host.env.PIPE_CACHE || 'cache');
  // A run makes the folder. A check leaves nothing.
  let there = folder;
  try {
    while (lstatIfThere(there) === undefined) there = path.dirname(there);
    rmdirSync(mkdtempSync(path.join(there, '.pipe-')));
  } catch (error) {
    return { good: false, text: `the cache folder cannot be written: ${(error as Error).message}` };
  }
  const { bavail, bsize } = statfsSync(there);
  return { good: true, text: `cache in ${folder}, ${gibibytes(bavail * bsize)} free` };
}

/** Not an error until a stage that needs bash runs. */
function missingBash(items: readonly Item[], env: CommandContext['host']['env']): string[] {
  const item = items.find(({ action }) => action.kind === 'shell' && action.shell === 'bash');
  if (item === undefined || isProgram('bash', env)) return [];
  return [`${item.stage}: \`bash\` not found: install it, or remove \`shell: bash\``];
}

/** For each stage that runs on this machine, the first item that needs more than the machine has. */
async function tooLarge(items: readonly Item[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const machine = thisMachine(env);
  const { indices, virtual } = await findGpus(env);
  const notes = new Map<string, string>();
  for (const item of items) {
    if (executorOf({ project: { env }, options: {} }, item) !== LOCAL) continue;
    const { gpu } = item.resources;
    const more = excess(item, machine);
    if (!virtual && gpu > indices.length)
      notes.set(
        item.stage,
        `it needs ${gpu} GPUs, and this machine has ${indices.length}: it cannot run here`,
      );
    else if (more !== undefined && !notes.has(item.stage)) notes.set(item.stage, more);
  }
  return [...notes].map(([stage, text]) => `${stage}: ${text}`);
}

async function pipeline({ host }: CommandContext): Promise<Finding> {
  const project = await openProject(host, { profiles: [], set: [] }, () => {}, 'if-new');
  const { items } = project.plan;
  const untraced = await untracedImports(project).finally(() => project.cache.close());
  const stages = new Set(items.map((item) => item.stage)).size;
  return {
    good: true,
    text: `pipeline.yaml: ${plural(stages, 'stage')}, ${plural(items.length, 'item')}`,
    notes: [
      ...missingBash(items, host.env),
      ...(await tooLarge(items, { ...host.env })),
      ...untraced,
    ],
  };
}

/** Dynamic loads in scripts of commands, unless a dep of the stage covers them. */
async function untracedImports(project: Project): Promise<string[]> {
  const { items } = project.plan;
  const commands = [...items.keys()].filter((index) => items[index]?.action.kind !== 'module');
  const codes = await openCodes(project, commands);
  // A place in a shared module concerns several stages.
  const stages = new Map<string, Set<string>>();
  for (const index of commands) {
    const { stage, deps } = items[index] as Item;
    const code = codes.of(index);
    if (code.kind === 'module') continue;
    const hasPython = coversPython(deps, project.root);
    const hasCode = coversCode(deps, project.root);
    for (const { place, message, folder } of code.opaque) {
      const isAny = place === undefined || loadsByPath(place.file);
      const isCovered = isAny ? hasCode : hasPython;
      if (folder === undefined ? isCovered : deps.some((dep) => isAbout(dep, folder))) continue;
      const { file, line, column } = place ?? { file: 'cmd' };
      const where = line === undefined ? file : `${file}:${line}:${column}`;
      const files = folder ?? 'the files that it may load';
      const note = `${where}: ${message}: list ${files} under the stage's \`deps:\``;
      stages.set(note, (stages.get(note) ?? new Set()).add(stage));
    }
  }
  return [...stages].map(([note, names]) => `${[...names].join(', ')}: ${note}`);
}

/** A dep that is in the folder or contains it. */
function isAbout({ path: where }: Dep, folder: string): boolean {
  return isWithin(where, folder) || isWithin(folder, where);
}

/** The script in package.json that checks what the stages of a project need. */
const OWN_CHECK = 'pipe:doctor';

function ownCheck({ host }: CommandContext): Finding | undefined {
  const root = rootOf(host);
  if (root === undefined) return undefined;
  let script: string | undefined;
  try {
    script = scriptOf(root, OWN_CHECK);
  } catch (error) {
    return { good: false, text: `package.json cannot be read: ${(error as Error).message}` };
  }
  if (script === undefined) return undefined;
  const run = spawnSync('/bin/sh', ['-c', script], {
    cwd: root,
    env: host.env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');
  const good = run.status === 0;
  return {
    good,
    text: `the script ${OWN_CHECK} of package.json${good ? '' : ' failed'}`,
    notes: [...lines(run.stdout), ...(good ? [] : lines(run.stderr))],
  };
}

function scriptOf(root: string, name: string): string | undefined {
  const text = textIfThere(path.join(root, 'package.json'));
  if (text === undefined) return undefined;
  const { scripts } = JSON.parse(text) as { readonly scripts?: Readonly<Record<string, string>> };
  return scripts?.[name];
}

/** S3 refuses requests whose time differs by 15 minutes. */
const CLOCK_SECONDS = 300;

/** Undefined if none is named, or if the project has other problems: another check reports those. */
async function remoteCache({ host, interruption }: CommandContext): Promise<Finding | undefined> {
  if (rootOf(host) === undefined) return undefined;
  const project = await openProject(host, { profiles: [], set: [] }, () => {}, 'if-new').catch(
    (error: unknown) => {
      if (!(error instanceof UserError)) throw error;
    },
  );
  project?.cache.close();
  const config = project && remoteOf(project.plan.remote, project.env, undefined);
  if (config === undefined) return undefined;
  const { probe, stateText } = await import('../remote/probe.js');
  const state = await probe(config, project?.env ?? {}, interruption.stop);
  const { read, write, mode, clock = 0, reason } = state;
  const isOff = Math.abs(clock) > CLOCK_SECONDS;
  const notes = [
    ...(reason === undefined ? [] : [reason]),
    ...(isOff
      ? [
          `the clock of the remote cache differs by ${Math.abs(clock)} s: correct the clock that is wrong`,
        ]
      : []),
  ];
  const good = read && (write || mode === 'r') && !isOff;
  return { good, text: `remote cache: ${stateText(state)}`, notes };
}
