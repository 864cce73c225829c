/** Traces the commands of a sandbox as a run does: first by parsing, then from the trace cache. */
import { expect } from 'vitest';
import type { TracedScripts } from '../../src/code/found-scripts.js';
import {
  keptScripts,
  noScripts,
  type ScriptOptions,
  traceScripts,
} from '../../src/code/scripts.js';
import { Sandbox } from './sandbox.js';

export type Files = Readonly<Record<string, string>>;

export type Row = readonly [command: string, files: Files, counted: readonly string[]];

/** `x.py` imports `a`. */
export const PROGRAM = { 'x.py': 'import a', 'a.py': '', 'b.py': '' };
export const COUNTED = ['a.py', 'x.py'];

type Declared = Pick<ScriptOptions, 'deps' | 'outs'>;

export const NONE: Declared = { deps: [], outs: [] };

/** The sandbox of the running test. */
export let sandbox: Sandbox;

export function openSandbox(files: Files): void {
  sandbox = new Sandbox(files);
}

export function disposeSandbox(): void {
  sandbox?.dispose();
}

/** For a run that has traced nothing yet. */
export function optionsOf(declared: Declared): ScriptOptions {
  return { ...declared, traceCache: sandbox.traceCache, known: noScripts(sandbox.traceCache) };
}

export function kept(command: string, declared = NONE): TracedScripts | undefined {
  return keptScripts({ kind: 'shell', command }, optionsOf(declared), sandbox.snapshot());
}

/** Traces, and checks that the trace of what is kept, the parsed command included, is equal. */
export async function traced(command: string, declared = NONE): Promise<TracedScripts> {
  const options = optionsOf(declared);
  const action = { kind: 'shell', command } as const;
  const snapshot = sandbox.snapshot();
  const found = await traceScripts(action, options, snapshot);
  options.known.commands.save([{ action }], snapshot);
  expect(kept(command, declared)).toEqual(found);
  return found;
}

export async function counted(command: string, files: Files, declared = NONE): Promise<string[]> {
  openSandbox(files);
  return Object.keys((await traced(command, declared)).scripts).sort();
}

export function notebook(cells: readonly string[], more = {}): string {
  return JSON.stringify({
    cells: [
      { cell_type: 'markdown', source: ['import no'] },
      ...cells.map((source) => ({ cell_type: 'code', source, outputs: [], ...more })),
    ],
    metadata: { kernelspec: { name: 'python3', language: 'python' } },
    nbformat: 4,
  });
}

/**
 * An edit of a file that counts is detected; an edit of any other file leaves the cached trace
 * valid.
 */
export async function expectExactly(
  command: string,
  files: readonly string[],
  names: readonly string[],
): Promise<void> {
  const before = await traced(command);
  for (const file of files) {
    const text = sandbox.read(file);
    sandbox.write(
      file,
      file.endsWith('.ipynb') ? `${notebook(['edited'])}` : `${text}\nedited = 1\n`,
    );
    expect([file, kept(command) === undefined]).toEqual([file, names.includes(file)]);
    const now = await traced(command);
    const changed = Object.keys(now.scripts).filter(
      (each) => now.scripts[each] !== before.scripts[each],
    );
    expect(changed).toEqual(names.includes(file) ? [file] : []);
    sandbox.write(file, text);
    expect(await traced(command)).toEqual(before);
  }
}
