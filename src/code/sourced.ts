/**
 * Finds what R and shell scripts load by a literal path (`source("x.R")`, `. ./x.sh`), and what shell
 * scripts start.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { parentOf } from '../sys/is-within.js';
import { type FsSnapshot, isFileDigest } from './fs-snapshot.js';
import { isR } from './loaders.js';
import { isStarting, namedInside } from './named-scripts.js';
import { inProject } from './project-paths.js';
import { commandNames } from './python/entry-points.js';
import type { Surroundings } from './python/launches.js';
import { Reads } from './python/trace-reads.js';
import type { ScriptTrace, StartedScripts, Untraced } from './script-trace.js';

/** The path is the last group. A match in a comment counts too, which is harmless. */
const R_SOURCE = /\b(?:sys\.)?source\(\s*(?:file\s*=\s*)?(["'])([^"'\\]+)\1/g;
const SHELL_SOURCE =
  /(?:^|[;&|({]|\b(?:then|else|do))[ \t]*(?:\.|source)[ \t]+(["']?)([\w./-]+)\1/gm;

interface Sourcing {
  readonly entry: string;
  /** The working directory, relative to the project. */
  readonly folder: string;
  /** Does not matter to R. */
  readonly around: Surroundings;
}

export function traceSourced(
  { entry, folder, around }: Sourcing,
  snapshot: FsSnapshot,
): ScriptTrace {
  const reads = new Reads(snapshot);
  const { finder } = reads;
  const entries = commandNames(reads);
  const files: Record<string, string> = {};
  const importers: Record<string, string> = {};
  const starts: StartedScripts[] = [];
  const opaque: Untraced[] = [];
  const queue = [entry];
  for (const file of queue) {
    const bytes = readFileSync(path.join(snapshot.root, file));
    files[file] = sha256(bytes);
    const text = bytes.toString('utf8');
    if (file !== entry && !isR(file) && !isShell(file, text)) continue;
    for (const [, , written] of text.matchAll(isR(file) ? R_SOURCE : SHELL_SOURCE)) {
      for (const found of meant(written as string, file)) {
        const isThere = finder.has(found) && isFileDigest(snapshot.hex(found));
        if (queue.includes(found) || !isThere) continue;
        importers[found] = file;
        queue.push(found);
      }
    }
    if (isR(file)) continue;
    const named = namedInside({ text, folder, own: parentOf(file) }, { ...around, entries });
    if (isStarting(named)) starts.push({ named, by: file });
    opaque.push(...named.unclear.map((message) => ({ message, place: { file } })));
  }
  const traceInputs = {
    files: { ...reads.files, ...files },
    absent: [...reads.absent],
    links: {},
    folders: finder.folders(),
  };
  return { traced: { files, importers, packages: {}, starts, opaque }, traceInputs };
}

function isShell(file: string, text: string): boolean {
  return /\.(?:ba|z|k|da)?sh$/i.test(file) || /^#!.*\b(?:ba|z|k|da)?sh\b/.test(text);
}

/**
 * In both languages a path is relative to the working directory, usually the project's root or the
 * file's folder.
 */
function meant(written: string, file: string): Set<string> {
  return new Set(['', parentOf(file)].flatMap((from) => inProject(from, written)));
}
