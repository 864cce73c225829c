/** A run of which one write or one deletion fails, and the run after it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MARK, processesMarked } from '../../rig/processes.js';
import { BIN, Project, surroundings } from '../../rig/project.js';

const PRELOAD = fileURLToPath(new URL('failing-calls.cjs', import.meta.url));

export const KINDS = ['stdout', 'stderr', 'log', 'scratch', 'deletion'] as const;
export type Kind = (typeof KINDS)[number];

export interface Struck {
  /** Of the kind, as far as the run came. */
  readonly calls: number;
  readonly code: number | null;
  readonly said: string;
  /** Processes that live on. */
  readonly left: readonly number[];
  /** Of the next run, which nothing strikes. */
  readonly next: { readonly code: number | null; readonly said: string };
  readonly result: string;
}

/** What the last stage writes when all is well. */
export const RESULT = 'secret is 1\n';

const FILES = {
  'pipeline.yaml': `
stages:
  first: { cmd: 'echo 1 > $\{outs.o}; echo "key $TOKEN"', outs: { o: cache/out/first }, secrets: [TOKEN] }
  beside: { cmd: 'sleep 0.2; echo 2 > $\{outs.o}', outs: { o: cache/out/beside } }
  last: { cmd: 'echo "secret is $(cat $\{deps.f})" | tee $\{outs.o}', deps: { f: cache/out/first }, outs: { o: cache/out/last } }
`,
};

/** @param at 0: none fails, and they are counted */
export async function strike(kind: Kind, at: number, code: string): Promise<Struck> {
  const project = new Project(FILES);
  try {
    project.env.TOKEN = 'hunter2hunter2';
    project.env[MARK] = project.root;
    // Something is there to be replaced, so that there is something to delete.
    await project.pipe('run', 'beside');
    project.write('cache/out/beside', 'edited');
    const count = `${project.root}.count`;
    const plan = JSON.stringify({ kind, at, code, root: project.root, count });
    const ended = await runStruck(project, plan);
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
    };
  } finally {
    project.dispose();
  }
}

function runStruck(project: Project, plan: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['--require', PRELOAD, BIN, 'run', '-k'], {
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

/** What must not be, in words; empty when all is as it should be. */
export function wrongs({ code, said, left, next, result }: Struck): string[] {
  return [
    ...(/node:internal|internal error|Node\.js v/.test(said) ? [`not caught: ${said}`] : []),
    ...([0, 1, 130].includes(code ?? -1) ? [] : [`exit code ${code}: ${said}`]),
    ...(left.length === 0 ? [] : [`left behind: ${left.join(', ')}`]),
    ...(next.code === 0 && result === RESULT ? [] : [`the next run: ${next.said}`]),
  ];
}

/** Every so-many-th call of a kind. */
export async function strikeAll(kind: Kind, code: string, every: number): Promise<string[]> {
  const { calls, ...counted } = await strike(kind, 0, code);
  const found = wrongs({ calls, ...counted });
  for (let at = 1; at <= Math.max(calls, 1); at += every) {
    const struck = await strike(kind, at, code);
    found.push(...wrongs(struck).map((wrong) => `${kind} ${at} of ${calls} (${code}): ${wrong}`));
  }
  return found;
}
