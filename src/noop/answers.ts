/** The no-op cache: a few answers for each project, and whether one is still valid. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { uptime } from 'node:os';
import path from 'node:path';
import { isInside, type Layout } from '../cache/layout.js';
import { realPlace } from '../sys/real-place.js';
import {
  answerName,
  columnsOf,
  type Question,
  readAnswer,
  type StatColumns,
  WIDTH,
} from './answer-file.js';

export interface Asked {
  readonly layout: Layout;
  /** Absolute path of the tool's dist folder. */
  readonly dist: string;
  /** The command line, from the name of the command on. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Once a day a run decides the slow way, which also records what is in use. */
const HOLDS_MS = 86_400_000;

/** The stored answer, or why there is none. */
export type Standing =
  /** `file`: absolute path of the answer. */
  | { readonly answer: string; readonly file: string }
  | { readonly answer?: undefined; readonly reason: string };

/** The stored answer to the same question, if its read set is unchanged. */
export function validAnswer(asked: Asked): Standing {
  const { layout, argv } = asked;
  const root = rootOf(layout);
  const file = path.join(layout.stills, answerName({ root, argv }));
  const still = readAnswer(file);
  if (still === undefined) return { reason: 'no answer is stored for this command line' };
  const question = questionOf(asked, Object.keys(still.question.env), root);
  if (JSON.stringify(question) !== JSON.stringify(still.question))
    return { reason: 'the build of pipe or an environment variable has changed' };
  const age = Date.now() - still.savedAt;
  // A write shortly before a crash of the machine may have lost its bytes but not its times.
  if (age < 0 || age > Math.min(HOLDS_MS, uptime() * 1000))
    return {
      reason: 'the stored answer is older than a day or than the last start of the machine',
    };
  const moved =
    movedPath(layout.project, still.behind, statSync) ??
    movedPath(layout.project, still.own, lstatSync);
  return moved === undefined
    ? { answer: still.answer, file }
    : { reason: `${moved} has changed since` };
}

/** `names`: relevant variables in addition to the tool's own. */
export function questionOf(
  { layout, dist, argv, env }: Asked,
  names: readonly string[],
  root = rootOf(layout),
): Question {
  const own = Object.keys(env).filter((name) => name.startsWith('PIPE_') && !isIdle(name));
  const values: Record<string, string | null> = {};
  for (const name of [...new Set([...names, ...own])].sort())
    values[name] = (Object.hasOwn(env, name) ? env[name] : undefined) ?? null;
  return { tool: toolIn(dist), root, argv, env: values };
}

/** Differs for each build of pipe, so that it never uses what another build decided or parsed. */
export function toolIn(dist: string): string {
  const file = statSync(path.join(dist, 'main.cjs'), { throwIfNoEntry: false });
  return `${file?.size} ${file?.mtimeMs}`;
}

/** These change no answer, and some of those for the remote cache are secrets, which must not be stored. */
function isIdle(name: string): boolean {
  return name === 'PIPE_DEBUG' || name.startsWith('PIPE_REMOTE');
}

function rootOf(layout: Layout): string {
  return isInside(layout) ? '' : realPlace(layout.project);
}

type Look = (path: string, options: { readonly throwIfNoEntry: false }) => Stats | undefined;

/** The first path whose stat changed. */
function movedPath(
  project: string,
  { paths, columns }: StatColumns,
  look: Look,
): string | undefined {
  return paths.find((each, row) => {
    try {
      const where = each.startsWith('/') ? each : `${project}/${each}`;
      const now = columnsOf(look(where, { throwIfNoEntry: false }));
      return now.some((value, column) => value !== columns[row * WIDTH + column]);
    } catch {
      return true; // The slow way reports the error.
    }
  });
}
