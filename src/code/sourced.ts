/**
 * Finds what scripts in R, Julia and a shell load by a literal path (`source("x.R")`, `. ./x.sh`),
 * and what shell scripts start.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { parentOf } from '../sys/is-within.js';
import { type FsSnapshot, isFileDigest } from './fs-snapshot.js';
import { loadedFiles, loadsByPath } from './loaded-files.js';
import { isStarting, namedInside } from './named-scripts.js';
import { inProject } from './project-paths.js';
import { commandNames } from './python/entry-points.js';
import type { Surroundings } from './python/launches.js';
import { Reads } from './python/trace-reads.js';
import type { ScriptTrace, StartedScripts, Untraced } from './script-trace.js';

/** The path is the last group. A match in a comment counts too, which is harmless. */
const SHELL_SOURCE =
  /(?:^|[;&|({]|\b(?:then|else|do))[ \t]*(?:\.|source)[ \t]+(["']?)([\w./-]+)\1/gm;

interface Sourcing {
  readonly entry: string;
  /** The working directory, relative to the project. */
  readonly folder: string;
  /** Matters to a shell only. */
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
    const isOther = loadsByPath(file);
    if (file !== entry && !isOther && !isShell(file, text)) continue;
    const { paths, computed } = isOther ? loadedFiles(file, text) : sourcedBy(text);
    opaque.push(...computed.map((place) => ({ message: COMPUTED, place: { file, ...place } })));
    for (const written of paths) {
      for (const found of meant(written, file)) {
        const isThere = finder.has(found) && isFileDigest(snapshot.hex(found));
        if (queue.includes(found) || !isThere) continue;
        importers[found] = file;
        queue.push(found);
      }
    }
    if (isOther) continue;
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

const COMPUTED = 'loads files by a path that is computed';

function sourcedBy(text: string): ReturnType<typeof loadedFiles> {
  return {
    paths: [...text.matchAll(SHELL_SOURCE)].map((found) => found[2] as string),
    computed: [],
  };
}

/** True for a script that a shell executes, by its name or its first line. */
export function isShell(file: string, text: string): boolean {
  return /\.(?:ba|z|k|da)?sh$/i.test(file) || namesShell(text);
}

/** By its first line. */
export function namesShell(text: string): boolean {
  return /^#!.*\b(?:ba|z|k|da)?sh\b/.test(text);
}

/**
 * In R and a shell, a path is relative to the working directory, usually the project's root or the
 * file's folder, in Julia to the file's folder.
 */
function meant(written: string, file: string): Set<string> {
  return new Set(['', parentOf(file)].flatMap((from) => inProject(from, written)));
}
