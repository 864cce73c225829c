/** Why the system does not start a file as a program, although the file exists. */
import { existsSync, statSync } from 'node:fs';
import { unlessFailed } from './if-there.js';
import { firstText } from './open-file.js';

/** Longer first lines are cut off by Linux too. */
const HEAD = 256;

/**
 * The fault, and what to do; undefined if the file shows none.
 *
 * @param file absolute path
 * @param name as the user wrote it
 */
export function startFault(file: string, name: string): string | undefined {
  if (unlessFailed(() => statSync(file).isDirectory()))
    return `"${name}" is a folder, not a program`;
  const [line = ''] = unlessFailed(() => firstText(file, HEAD).split('\n', 1)) ?? [];
  const [, interpreter] = /^#! *(\S+)/.exec(line) ?? [];
  if (interpreter === undefined) return undefined;
  if (line.endsWith('\r'))
    return `"${name}" has Windows line ends, so its first line names no interpreter: ${withoutReturns(name)}`;
  if (existsSync(interpreter)) return undefined;
  return `"${name}" names an interpreter that does not exist: correct its first line, ${line}`;
}

/** What to do about a script with Windows line ends. */
export function withoutReturns(name: string): string {
  return `convert it (sed -i 's/\\r$//' ${name})`;
}
