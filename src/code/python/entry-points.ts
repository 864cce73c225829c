/** Commands that build files of the project define: entry points of packages, tasks of hatch, pixi, pdm, poe. */
import { oncePer, oncePerText } from '../../lists.js';
import type { FsSnapshot } from '../fs-snapshot.js';
import { inProject } from '../project-paths.js';
import type { CommandNames } from './launches.js';
import { projectFolders } from './project-folders.js';
import { Reads } from './trace-reads.js';

const COMMAND_FILES = [
  'pyproject.toml',
  'pixi.toml',
  'hatch.toml',
  'Pipfile',
  'setup.cfg',
  'setup.py',
];

export interface Commands {
  /** Modules by the name of the entry point: `train = "pkg.cli:main"`. */
  readonly modules: ReadonlyMap<string, string>;
  /** Commands for the shell by the name of the task. */
  readonly tasks: ReadonlyMap<string, readonly string[]>;
}

export function commandNames(reads: Reads): CommandNames {
  return oncePerText((folder) => {
    const found = commandFiles([folder], reads).map((file) => commandsOf(reads.textOf(file) ?? ''));
    return new Set(found.flatMap(({ modules, tasks }) => [...modules.keys(), ...tasks.keys()]));
  });
}

/** The same for all commands of a run. */
export const commandNamesIn = oncePer(
  (snapshot: FsSnapshot): CommandNames => commandNames(new Reads(snapshot)),
);

export function commandFiles(folders: readonly string[], reads: Reads): string[] {
  return projectFolders(folders, reads).flatMap((each) =>
    COMMAND_FILES.flatMap((file) => inProject(each, file)),
  );
}

/** In any section or string: no other value has the form of an entry point. */
const ENTRY_POINT =
  /(?:^|["'{,])[ \t]*["']?([\w.-]+)["']?[ \t]*=[ \t]*["']?([A-Za-z_][\w.]*):[A-Za-z_][\w.]*["' \t]*(?:[,\]}#]|$)/gm;

export function commandsOf(text: string): Commands {
  const modules = new Map<string, string>();
  for (const [, name = '', module = ''] of text.matchAll(ENTRY_POINT))
    modules.set(name.slice(name.lastIndexOf('.') + 1), module);
  return { modules, tasks: tasksIn(text) };
}

/** A text of several lines. */
const BLOCK = /("""|''')([\s\S]*?)\1/g;
const KEY = /^((?:["']?[\w:-]+["']?\.)*["']?[\w:-]+["']?)[ \t]*=(.*)$/;
const PART = /"[^"]*"|'[^']*'|[^.\s]+/g;

/** Strings by the name after `tasks.` or `scripts.`: `[tool.poe.tasks]`, `train.cmd = "…"`. */
function tasksIn(text: string): Map<string, string[]> {
  const tasks = new Map<string, string[]>();
  const oneLine = (block: string) =>
    JSON.stringify(
      block
        .trim()
        .split(/\\?\n\s*/)
        .join('; '),
    );
  const lines = text.replace(BLOCK, (_all, _quotes, block) => oneLine(block)).split('\n');
  let section = '';
  let task: string | undefined;
  for (const line of lines) {
    const header = /^\[([^[\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) section = `${header}.`;
    const [, key, value = line] = KEY.exec(line) ?? [];
    if (header !== undefined || key !== undefined) task = taskAt(section + (key ?? ''));
    if (header !== undefined || task === undefined) continue;
    tasks.set(task, [...(tasks.get(task) ?? []), ...startedBy(stringsIn(value))]);
  }
  return tasks;
}

/** Undefined for entry points of packages, which have another form. */
function taskAt(key: string): string | undefined {
  if (/^(?:project|tool\.poetry)\./.test(key)) return undefined;
  const parts = (key.match(PART) ?? []).map((part) => part.replace(/^["']|["']$/g, ''));
  const at = parts.findIndex((part) => part === 'tasks' || part === 'scripts');
  return at < 0 ? undefined : parts[at + 1];
}

/** Commands, or a function of a module, or the words of one command. */
function startedBy(texts: readonly string[]): string[] {
  const isWords = /^\S*python[\d.]*$/.test(texts[0] ?? '');
  const commands = texts.map((text) => {
    const module = /^([A-Za-z_][\w.]*):[A-Za-z_]\w*(?:\(.*)?$/.exec(text)?.[1];
    return module === undefined ? text : `python -c "import ${module}"`;
  });
  return isWords ? [...commands, texts.join(' ')] : commands;
}

/** A quoted text, which may contain the other kind of quotes. */
function stringsIn(line: string): string[] {
  const found = line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g);
  return [...found].map(
    ([, double, single]) => single ?? (double as string).replace(/\\(.)/g, '$1'),
  );
}
