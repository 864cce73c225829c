/** Finds what a command has Python execute: `python x.py`, `uv run -m pkg.mod`, `python -c "…"`. Pure. */
import path from 'node:path';
import { inProject, isOutside } from '../project-paths.js';
import type { SimpleCommand } from '../shell-commands.js';

export interface Launch {
  readonly kind: 'file' | 'module' | 'text';
  /** A path relative to the project, the dotted name of a module, or the program text. */
  readonly target: string;
  /** Working directory, relative to the project. */
  readonly folder: string;
  /** Folders of PYTHONPATH within the project. */
  readonly path: readonly string[];
}

/** A command with the scripts that its words name. */
export interface Named {
  readonly command: SimpleCommand;
  readonly files: readonly string[];
}

export function isPython(file: string): boolean {
  return /\.pyw?$/i.test(file);
}

export function isNotebook(file: string): boolean {
  return /\.ipynb$/i.test(file);
}

export const INTERPRETER = /(?:^|\/)(?:i?python|pypy)[\d.]*$/;

/** Options of Python whose value is the next word. */
const VALUED = new Set(['-W', '-X', '--check-hash-based-pycs']);

/** Like Python, they accept a module behind `-m` or `--module`. */
const RUNNERS = new Set(
  (
    'uv torchrun torch.distributed.run torch.distributed.launch accelerate ' +
    'accelerate.commands.launch deepspeed coverage cProfile profile pdb trace debugpy viztracer ' +
    'kernprof scalene memray pyinstrument'
  ).split(' '),
);

/** Commands in execution order: an exported variable applies to the next ones. */
export function pythonLaunches(commands: readonly Named[]): Launch[] {
  const launches = new Map<string, Launch>();
  let exported = '';
  for (const { command, files } of commands) {
    const { folder, words } = command;
    if (folder === undefined) continue;
    const given = words.find((word) => word?.startsWith('PYTHONPATH='))?.slice(11);
    if (given !== undefined && /^(?:export$|PYTHONPATH=)/.test(words[0] ?? '')) exported = given;
    const found = [...executed(words), ...notebooks(words), ...files.filter(isPython).map(file)];
    if (found.length === 0) continue;
    const search = [...new Set((given ?? exported).split(':'))];
    const folders = given === undefined && exported === '' ? [] : search;
    for (const each of found) {
      const targets = each.kind === 'program' ? scriptsAt(folder, each.target) : [each.target];
      for (const target of targets) {
        const kind = each.kind === 'program' ? 'file' : each.kind;
        const launch = { kind, target, folder, path: folders.flatMap((one) => below(folder, one)) };
        launches.set(JSON.stringify(launch), launch);
      }
    }
  }
  return [...launches.values()];
}

interface Found {
  /** `program`: a file or folder, relative to the working directory. */
  readonly kind: Launch['kind'] | 'program';
  readonly target: string;
}

function file(target: string): Found {
  return { kind: 'file', target };
}

/** Python executes a folder by its `__main__.py`. */
function scriptsAt(folder: string, word: string): string[] {
  const files = inProject(folder, word);
  if (files.some((each) => isPython(each) || isNotebook(each))) return files;
  return [...files, ...inProject(folder, `${word}/__main__.py`)];
}

/** An empty entry means the current folder. */
function below(folder: string, entry: string): string[] {
  if (entry.startsWith('/')) return [];
  const joined = path.posix.join(folder, entry).replace(/\/$/, '');
  return isOutside(joined) ? [] : [joined === '.' ? '' : joined];
}

function executed(words: SimpleCommand['words']): Found[] {
  const found: Found[] = [];
  for (const [at, word] of words.entries()) {
    if (word === undefined) continue;
    if (INTERPRETER.test(word)) found.push(...argument(words.slice(at + 1)));
    if ((word === '-m' || word === '--module') && words.slice(0, at).some(isRunner))
      found.push(...moduleNamed(words[at + 1]));
  }
  return found;
}

/** Executed notebooks, except where the execution overwrites them. */
function notebooks(words: SimpleCommand['words']): Found[] {
  const isExecuted =
    words.includes('papermill') ||
    (words.some((word) => word === 'jupyter' || word === 'jupyter-nbconvert') &&
      (words.includes('--execute') || words.includes('execute')) &&
      !words.includes('--inplace'));
  if (!isExecuted) return [];
  const named = words.filter((word) => word !== undefined && isNotebook(word)) as string[];
  return named.map((target) => ({ kind: 'program', target }));
}

function isRunner(word: string | undefined): boolean {
  return word !== undefined && RUNNERS.has(word.slice(word.lastIndexOf('/') + 1));
}

/** What an interpreter executes, by its arguments. */
function argument(words: SimpleCommand['words']): Found[] {
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const next = words[at + 1];
    if (word === undefined || word === '-') return [];
    if (VALUED.has(word)) at += 1;
    else if (/^-[a-zA-Z]*m$/.test(word)) return moduleNamed(next);
    else if (/^-[a-zA-Z]*c$/.test(word)) {
      return next !== undefined && /import|exec|run_/.test(next)
        ? [{ kind: 'text', target: next }]
        : [];
    } else if (!word.startsWith('-')) return [{ kind: 'program', target: word }];
  }
  return [];
}

function moduleNamed(name: string | undefined): Found[] {
  if (name === undefined || !/^[^\W\d]\w*(?:\.[^\W\d]\w*)*$/u.test(name)) return [];
  return [{ kind: 'module', target: name }];
}
