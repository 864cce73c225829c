/** Commands that build files of the project define: entry points of packages, tasks of hatch, pixi, pdm, poe. */
import type { FsSnapshot } from '../fs-snapshot.js';
import { inProject, parentOf } from '../project-paths.js';
import type { CommandNames, Launch } from './launches.js';
import { projectFolders } from './source-roots.js';
import { Reads } from './trace-reads.js';

const COMMAND_FILES = [
  'pyproject.toml',
  'pixi.toml',
  'hatch.toml',
  'Pipfile',
  'setup.cfg',
  'setup.py',
];

interface Commands {
  /** Modules by the name of the entry point: `train = "pkg.cli:main"`. */
  readonly modules: ReadonlyMap<string, string>;
  /** Commands for the shell by the name of the task. */
  readonly tasks: ReadonlyMap<string, readonly string[]>;
}

export function commandNames(reads: Reads): CommandNames {
  const known = new Map<string, ReadonlySet<string>>();
  const namesAt = (folder: string) => {
    const found = commandFiles([folder], reads).map((file) => commandsOf(reads.textOf(file) ?? ''));
    return new Set(found.flatMap(({ modules, tasks }) => [...modules.keys(), ...tasks.keys()]));
  };
  return (folder) => {
    const names = known.get(folder) ?? namesAt(folder);
    known.set(folder, names);
    return names;
  };
}

/** The same for all commands of a run. */
export function commandNamesIn(snapshot: FsSnapshot): CommandNames {
  const names = namesIn.get(snapshot) ?? commandNames(new Reads(snapshot));
  namesIn.set(snapshot, names);
  return names;
}

const namesIn = new WeakMap<FsSnapshot, CommandNames>();

function commandFiles(folders: readonly string[], reads: Reads): string[] {
  return projectFolders(folders, reads).flatMap((each) =>
    COMMAND_FILES.flatMap((file) => inProject(each, file)),
  );
}

/** In any section or string: no other value has the form of an entry point. */
const ENTRY_POINT =
  /(?:^|["'{,])[ \t]*["']?([\w.-]+)["']?[ \t]*=[ \t]*["']?([A-Za-z_][\w.]*):[A-Za-z_][\w.]*["' \t]*(?:[,\]}#]|$)/gm;

function commandsOf(text: string): Commands {
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

export interface Definition {
  readonly file: string;
  /** SHA-256 of its bytes. */
  readonly hex: string;
  /** The module of an entry point. */
  readonly module: string | undefined;
  readonly commands: readonly { readonly text: string; readonly folder: string }[];
  /** What it defines of the command, and of others that this one starts; as JSON, which Python reads too. */
  readonly text: string;
}

/** The definitions of a command that starts in a folder. */
export function definitionsOf(
  { target: name, folder, projects = [] }: Launch,
  reads: Reads,
): Definition[] {
  return commandFiles([folder, ...projects], reads).flatMap((file) => {
    const { modules, tasks } = commandsOf(reads.textOf(file) ?? '');
    if (!modules.has(name) && !tasks.has(name)) return [];
    const used = usedBy(name, tasks).map((each) => [each, modules.get(each), tasks.get(each)]);
    // pipenv starts a task in the current folder, the others in the folder of the file.
    const own = file.endsWith('Pipfile') ? folder : parentOf(file);
    return {
      file,
      hex: reads.files[file] as string,
      module: modules.get(name),
      commands: (tasks.get(name) ?? []).map((text) => ({ text, folder: own })),
      text: JSON.stringify(used),
    };
  });
}

/** The task, and those that it names. */
function usedBy(name: string, tasks: Commands['tasks']): string[] {
  const found = [name];
  for (const each of found) {
    const words = (tasks.get(each) ?? []).join(' ').split(/[\s"';&|]+/);
    found.push(...words.filter((word) => tasks.has(word) && !found.includes(word)));
  }
  return found;
}

/** A quoted text, which may contain the other kind of quotes. */
function stringsIn(line: string): string[] {
  const found = line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g);
  return [...found].map(
    ([, double, single]) => single ?? (double as string).replace(/\\(.)/g, '$1'),
  );
}
