/** Finds files that R and shell scripts include by a literal path: `source("x.R")`, `. ./x.sh`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type FsSnapshot, hexOfBytes, isFileDigest } from './fs-snapshot.js';
import { inProject } from './project-paths.js';
import { Finder } from './python/module-finder.js';
import type { ScriptTrace } from './script-trace.js';

/** The path is the last group. A match in a comment counts too, which is harmless. */
const R_SOURCE = /\b(?:sys\.)?source\(\s*(?:file\s*=\s*)?(["'])([^"'\\]+)\1/g;
const SHELL_SOURCE =
  /(?:^|[;&|({]|\b(?:then|else|do))[ \t]*(?:\.|source)[ \t]+(["']?)([\w./-]+)\1/gm;

/** Undefined for a language without such a rule. */
function ruleFor(file: string): RegExp | undefined {
  if (/\.r$/i.test(file)) return R_SOURCE;
  return /\.(?:ba|z|k|da)?sh$/i.test(file) ? SHELL_SOURCE : undefined;
}

export function isSourcing(file: string): boolean {
  return ruleFor(file) !== undefined;
}

export function traceSourced(entry: string, snapshot: FsSnapshot): ScriptTrace {
  const finder = new Finder(snapshot);
  const files: Record<string, string> = {};
  const importers: Record<string, string> = {};
  const queue = [entry];
  for (const file of queue) {
    const bytes = readFileSync(path.join(snapshot.root, file));
    files[file] = hexOfBytes(bytes);
    const rule = ruleFor(file);
    if (rule === undefined) continue;
    for (const [, , written] of bytes.toString('utf8').matchAll(rule)) {
      for (const found of meant(written as string, file)) {
        if (queue.includes(found) || !isThere(found, finder, snapshot)) continue;
        importers[found] = file;
        queue.push(found);
      }
    }
  }
  const traceInputs = { files, absent: [], links: {}, folders: finder.folders() };
  return { traced: { files, importers, packages: {} }, traceInputs };
}

/** Both languages start at the working directory, usually the project's root or the file's folder. */
function meant(written: string, file: string): Set<string> {
  const folder = path.posix.dirname(file);
  return new Set(['', folder === '.' ? '' : folder].flatMap((from) => inProject(from, written)));
}

function isThere(file: string, finder: Finder, snapshot: FsSnapshot): boolean {
  return finder.has(file) && isFileDigest(snapshot.hex(file));
}
