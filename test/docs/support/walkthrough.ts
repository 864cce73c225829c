/** Follows a page exactly: writes its files, runs its commands, compares its output. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { type Project, surroundings } from '../../rig/project.js';

type Step =
  | { readonly file: string; readonly text: string }
  | { readonly command: string; readonly shown: string };

/**
 * The steps of a part of a page, in order. A block is a file when the text before it ends with its name
 * and a colon; of a `console` block each line that begins with `$` is a command, with its output below.
 */
export function stepsOf(text: string): Step[] {
  const pattern = /(?:`([^`\n]+)`:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(pattern)].flatMap(([, file, language, body = '']): Step[] => {
    if (file !== undefined) return [{ file, text: body }];
    if (language !== 'console') return [];
    return [...body.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(
      ([, command = '', shown = '']) => ({ command, shown }),
    );
  });
}

/** Makes `npx` work in the project as after an installation by npm, without npm's own checks. */
export function shortenNpx(project: Project): void {
  project.write('.runtime/bin/npx', '#!/bin/sh\nexec node_modules/.bin/"$@"\n');
  chmodSync(project.path('.runtime/bin/npx'), 0o755);
  project.env.PATH = `${project.path('.runtime/bin')}${path.delimiter}${process.env.PATH}`;
}

/** Everything that a command printed, in a project that has the package. */
export function outputOf(project: Project, command: string): string {
  const {
    PYTHONDONTWRITEBYTECODE: _,
    PYTHONUNBUFFERED: _unbuffered,
    ...env
  } = surroundings(project.env);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: project.root,
    env,
    encoding: 'utf8',
  });
  return status === 0 ? stdout + stderr : `${stdout}${stderr}exit code ${status}\n`;
}

/**
 * Removes what differs from run to run: times, the columns that they widen, and advice on slow
 * items.
 */
export function comparable(output: string): string {
  return output
    .replace(/^slowest: .*\n/gm, '')
    .replace(/\d+(\.\d)? s\b/g, '0.0 s')
    .replace(/ {2,}/g, '  ');
}
