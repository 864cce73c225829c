/** Commands that build files of the project define: entry points of packages, tasks of hatch, pixi, pdm, poe. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type FsSnapshot, isFileDigest } from '../fs-snapshot.js';

export const COMMAND_FILES = ['pyproject.toml', 'pixi.toml', 'hatch.toml', 'setup.cfg', 'setup.py'];

export interface Commands {
  /** Modules by the name of the entry point: `train = "pkg.cli:main"`. */
  readonly modules: ReadonlyMap<string, string>;
  /** Commands for the shell by the name of the task. */
  readonly tasks: ReadonlyMap<string, readonly string[]>;
}

/** From the files in the root of the project. */
export function commandNames(snapshot: FsSnapshot): ReadonlySet<string> {
  const known = names.get(snapshot);
  if (known !== undefined) return known;
  const found = new Set<string>();
  for (const file of COMMAND_FILES) {
    if (!isFileDigest(snapshot.hex(file))) continue;
    const { modules, tasks } = commandsOf(readFileSync(path.join(snapshot.root, file), 'utf8'));
    for (const name of [...modules.keys(), ...tasks.keys()]) found.add(name);
  }
  names.set(snapshot, found);
  return found;
}

const names = new WeakMap<FsSnapshot, ReadonlySet<string>>();

/** In any section or string: no other value has the form of an entry point. */
const ENTRY_POINT =
  /(?:^|["'])[ \t]*["']?([\w.-]+)["']?[ \t]*=[ \t]*["']?([A-Za-z_][\w.]*):[A-Za-z_][\w.]*["' \t]*(?:[,\]#]|$)/gm;

const TASK_SECTION =
  /^\[(?:tool\.(?:hatch\.)?|feature\.[\w-]+\.|tool\.pixi\.feature\.[\w-]+\.)?(?:envs\.[\w-]+\.scripts|(?:pixi\.|poe\.)?tasks|(?:pdm|rye)\.scripts)(?:\.["']?([\w-]+)["']?)?\]/;

export function commandsOf(text: string): Commands {
  const modules = new Map<string, string>();
  for (const [, name, module] of text.matchAll(ENTRY_POINT))
    modules.set(name as string, module as string);
  const tasks = new Map<string, string[]>();
  let section: RegExpExecArray | null = null;
  let task: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) {
      section = TASK_SECTION.exec(line);
      task = section?.[1];
    } else if (section !== null) {
      const key = /^["']?([\w:-]+)["']?[ \t]*=/.exec(line);
      if (key !== null && section[1] === undefined) task = key[1];
      if (task === undefined) continue;
      tasks.set(task, [...(tasks.get(task) ?? []), ...stringsIn(line)]);
    }
  }
  return { modules, tasks };
}

/** A quoted text, which may contain the other kind of quotes. */
function stringsIn(line: string): string[] {
  const found = line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g);
  return [...found].map(
    ([, double, single]) => single ?? (double as string).replace(/\\(.)/g, '$1'),
  );
}
