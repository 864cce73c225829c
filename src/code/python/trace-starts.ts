/** Programs that the Python code of a trace starts. */
import path from 'node:path';
import type { NamedScripts } from '../named.js';
import { isStarting, namedInside } from '../named-scripts.js';
import { isOutside } from '../project-paths.js';
import type { StartedScripts, Untraced } from '../script-trace.js';
import { isNotebook } from './file-kinds.js';
import type { CommandNames, Launch, Surroundings } from './launches.js';
import type { SearchFolder } from './search-folders.js';
import type { Started } from './started-programs.js';

export class Starts {
  readonly #launch: Launch;
  readonly #around: Surroundings;
  readonly found: StartedScripts[] = [];
  readonly opaque: Untraced[] = [];

  constructor(launch: Launch, entries: CommandNames) {
    const { path: search, projects } = launch;
    this.#launch = launch;
    this.#around = { path: search, entries, ...(projects && { within: { projects } }) };
  }

  /** `self`: its `__file__`. `file`: the file that contains it. Undefined for the text of a command. */
  start(started: Started, self: string | undefined, file: string | undefined): void {
    const { folder } = started;
    const place = file === undefined ? undefined : { file, ...started.place };
    if (folder === undefined) {
      this.add(this.#named(started, this.#launch.folder, self), file ?? 'cmd', place);
    } else if (folder === 'computed') {
      if (isStarting(this.#named(started, this.#launch.folder, self)))
        this.#note('this starts a program in a folder that is computed', place);
    } else {
      eachPlace(folder, self, this.#launch, (at) => {
        if (isOutside(at)) return;
        this.add(this.#named(started, at.replace(/^\.$/, ''), self), file ?? 'cmd', place);
      });
    }
  }

  add(named: NamedScripts, by: string, place: Untraced['place']): void {
    if (isStarting(named)) this.found.push({ named, by });
    for (const message of named.unclear) this.#note(message, place);
  }

  #named({ command, words }: Started, folder: string, self: string | undefined): NamedScripts {
    const around = this.#around;
    if (words === undefined) return namedInside({ text: command ?? '', folder }, around);
    return namedInside({ words: words.map((each) => wordIn(each, folder, self)), folder }, around);
  }

  #note(message: string, place: Untraced['place']): void {
    this.opaque.push({ message, ...(place !== undefined && { place }) });
  }
}

/** The path as the program receives it, in its working directory. */
function wordIn(word: string | SearchFolder | undefined, folder: string, file: string | undefined) {
  if (word === undefined || typeof word === 'string') return word;
  if (word.from === 'current') return word.path;
  return file && path.posix.relative(`/${folder}`, `/${join(path.posix.dirname(file), word.path)}`);
}

/** The meaning of a path in a file: Jupyter may execute a notebook in the notebook's folder. */
export function eachPlace(
  { from, path: written }: SearchFolder,
  file: string | undefined,
  { target, folder }: Launch,
  take: (place: string) => void,
): void {
  if (from === 'file') {
    if (file !== undefined) take(join(path.posix.dirname(file), written));
    return;
  }
  const starts = isNotebook(target) ? [folder, path.posix.dirname(target)] : [folder];
  for (const start of starts) take(join(start, written));
}

function join(folder: string, file: string): string {
  return path.posix.isAbsolute(file) ? file : path.posix.join(folder, file);
}
