/** A run with one failing write or deletion, and the run after it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MARK, processesMarked } from '../../rig/processes.js';
import { BIN, type Project, surroundings } from '../../rig/project.js';
import { ProjectWithin } from '../../rig/within.js';

const PRELOAD = fileURLToPath(new URL('failing-calls.cjs', import.meta.url));

/** `json` is stdout with --json, `lock` pipeline.lock. */
export const KINDS = ['stdout', 'json', 'stderr', 'log', 'lock', 'scratch', 'deletion'] as const;
export type Kind = (typeof KINDS)[number];

export interface Struck {
  /** Number of such calls in the run. */
  readonly calls: number;
  readonly code: number | null;
  readonly said: string;
  /** Processes that survive. */
  readonly left: readonly number[];
  /** The next run, without a fault. */
  readonly next: { readonly code: number | null; readonly said: string };
  readonly result: string;
  /** True if the next run wrote a pipeline.lock. */
  readonly isLocked: boolean;
}

/** The last stage's output without faults. */
export const RESULT = 'secret is 1\n';

const FILES = {
  'pipeline.yaml': `
stages:
  first: { cmd: 'echo 1 > $\{outs.o}; echo "key $TOKEN"', outs: { o: cache/out/first }, secrets: [TOKEN] }
  beside: { cmd: 'sleep 0.2; echo 2 > $\{outs.o}', outs: { o: cache/out/beside } }
  last: { cmd: 'echo "secret is $(cat $\{deps.f})" | tee $\{outs.o}', deps: { f: cache/out/first }, outs: { o: cache/out/last } }
`,
};

/** @param at 0: only counts the calls */
export async function strike(kind: Kind, at: number, code: string): Promise<Struck> {
  // Only the run with the fault must be a process.
  const project = new ProjectWithin(FILES);
  try {
    project.env.TOKEN = 'hunter2hunter2';
    project.env[MARK] = project.root;
    // Creates something to be replaced, so that there is something to delete.
    await project.pipe('run', 'beside');
    project.write('cache/out/beside', 'edited');
    const count = `${project.root}.count`;
    const plan = JSON.stringify({ kind, at, code, root: project.root, count });
    const ended = await runStruck(project, plan, kind === 'json' ? ['--json'] : []);
    const left = processesMarked(project.root);
    const next = await project.pipe('run');
    const calls = Number(await readAndRemove(count));
    return {
      calls,
      code: ended.code,
      said: ended.said,
      left,
      next: { code: next.code, said: next.out + next.err },
      result: next.code === 0 ? project.read('cache/out/last') : '',
      isLocked: existsSync(project.path('pipeline.lock')),
    };
  } finally {
    project.dispose();
  }
}

function runStruck(
  project: Project,
  plan: string,
  options: readonly string[],
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['--require', PRELOAD, BIN, 'run', '-k', ...options], {
    cwd: project.root,
    env: { ...surroundings(project.env), STRIKE: plan },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, said }));
  });
}

async function readAndRemove(file: string): Promise<string> {
  const { readFile, rm } = await import('node:fs/promises');
  const text = await readFile(file, 'utf8');
  await rm(file);
  return text;
}

/** A run with a writable stdout ends with its summary, once an item has begun. */
function isCutShort(kind: Kind, said: string): boolean {
  if (kind === 'stdout' || kind === 'json') return false;
  return /: running \(/.test(said) && !/^pipe: \d+ ran, /m.test(said);
}

/** Violations, in words; empty when everything is right. */
export function wrongs(kind: Kind, struck: Struck): string[] {
  const { code, said, left, next, result, isLocked } = struck;
  return [
    ...(isLocked ? [] : ['no pipeline.lock after the next run']),
    ...(isCutShort(kind, said) ? [`no summary: ${said}`] : []),
    ...(/node:internal|internal error|Node\.js v/.test(said) ? [`not caught: ${said}`] : []),
    ...([0, 1, 130].includes(code ?? -1) ? [] : [`exit code ${code}: ${said}`]),
    ...(left.length === 0 ? [] : [`left behind: ${left.join(', ')}`]),
    ...(next.code === 0 && result === RESULT ? [] : [`the next run: ${next.said}`]),
  ];
}

/** Fails each call of a kind at this interval. */
export async function strikeAll(kind: Kind, code: string, every: number): Promise<string[]> {
  const { calls, ...counted } = await strike(kind, 0, code);
  const found = wrongs(kind, { calls, ...counted });
  for (let at = 1; at <= Math.max(calls, 1); at += every) {
    const struck = await strike(kind, at, code);
    found.push(
      ...wrongs(kind, struck).map((wrong) => `${kind} ${at} of ${calls} (${code}): ${wrong}`),
    );
  }
  return found;
}
