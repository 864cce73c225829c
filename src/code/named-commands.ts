/**
 * What the commands of a run name, kept for the next run. To parse the commands of a thousand items that start
 * Python takes longer than all other decisions about them.
 */
import { sha256 } from '../canonical.js';
import { getOrMake } from '../lists.js';
import type { CommandAction, Item } from '../pipeline/plan.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { type NamedScripts, NO_NAMED } from './named.js';
import { commandNamesIn } from './python/entry-points.js';
import type { CommandNames } from './python/launches.js';
import type { TraceCache } from './trace-cache.js';

type Parse = (action: CommandAction, around: { entries: CommandNames }) => NamedScripts;

interface KeptCommands {
  /** The names of commands that build files define, by the folders in which the commands look for them. */
  readonly entries: Readonly<Record<string, readonly string[]>>;
  readonly commands: readonly string[];
  /** For each command the index of what it names; -1 for nothing. */
  readonly indexes: readonly number[];
  /** Each once: the items of a matrix mostly name the same. */
  readonly named: readonly NamedScripts[];
}

export class NamedCommands {
  readonly #traceCache: TraceCache;
  readonly #name: string;
  readonly #folders = new Set<string>();
  #known: Map<string, NamedScripts> | undefined;
  /** By their text, so that equal ones are one object. */
  readonly #distinct = new Map<string, NamedScripts>();
  #isChanged = false;
  #parse: Parse | undefined;

  constructor(traceCache: TraceCache) {
    this.#traceCache = traceCache;
    this.#name = sha256(JSON.stringify(['commands', traceCache.build]));
  }

  /**
   * Undefined if the command must be parsed, and the parser is not loaded.
   *
   * @param snapshot the same for all commands
   */
  of(action: CommandAction, snapshot: FsSnapshot): NamedScripts | undefined {
    return this.#parse
      ? this.#named(action, snapshot, this.#parse)
      : this.#all(snapshot).get(textOf(action));
  }

  /** Loads the parser: most runs find all commands kept. */
  async parsed(action: CommandAction, snapshot: FsSnapshot): Promise<NamedScripts> {
    this.#parse ??= (await import('./named-scripts.js')).namedScripts;
    return this.#named(action, snapshot, this.#parse);
  }

  #named(action: CommandAction, snapshot: FsSnapshot, parse: Parse): NamedScripts {
    const names = commandNamesIn(snapshot);
    const entries = (folder: string) => {
      this.#folders.add(folder);
      return names(folder);
    };
    return getOrMake(this.#all(snapshot), textOf(action), () => {
      this.#isChanged = true;
      return this.#one(parse(action, { entries }));
    });
  }

  #all(snapshot: FsSnapshot): Map<string, NamedScripts> {
    this.#known ??= this.#read(snapshot);
    return this.#known;
  }

  /** @param items of the whole plan; other commands are kept only while they are few */
  save(items: readonly Pick<Item, 'action'>[], snapshot: FsSnapshot): void {
    const known = this.#known;
    if (known === undefined || !this.#isChanged) return;
    this.#isChanged = false;
    const current = new Set(
      items.flatMap(({ action }) => (action.kind === 'module' ? [] : textOf(action))),
    );
    const isAll = known.size <= 2 * current.size;
    const kept = [...known].filter(([command]) => isAll || current.has(command));
    const named = [...new Set(kept.map(([, each]) => each))].filter((each) => each !== NO_NAMED);
    const indexOf = new Map(named.map((each, index) => [each, index]));
    this.#traceCache.write(this.#name, {
      entries: this.#entries(this.#folders, snapshot),
      commands: kept.map(([command]) => command),
      indexes: kept.map(([, each]) => indexOf.get(each) ?? -1),
      named,
    } satisfies KeptCommands);
  }

  /** Empty if a build file now defines other commands. */
  #read(snapshot: FsSnapshot): Map<string, NamedScripts> {
    const kept = this.#traceCache.read(this.#name) as KeptCommands | undefined;
    if (kept === undefined) return new Map();
    const { entries, commands, indexes } = kept;
    const folders = Object.keys(entries);
    if (JSON.stringify(this.#entries(folders, snapshot)) !== JSON.stringify(entries))
      return new Map();
    for (const folder of folders) this.#folders.add(folder);
    const named = kept.named.map((each) => this.#one(each));
    return new Map(
      commands.map((command, index) => [command, named[indexes[index] as number] ?? NO_NAMED]),
    );
  }

  #one(named: NamedScripts): NamedScripts {
    return named === NO_NAMED
      ? named
      : getOrMake(this.#distinct, JSON.stringify(named), () => named);
  }

  #entries(folders: Iterable<string>, snapshot: FsSnapshot): KeptCommands['entries'] {
    const names = commandNamesIn(snapshot);
    return Object.fromEntries([...folders].map((folder) => [folder, [...names(folder)]]));
  }
}

/** No command for the shell contains a zero byte. */
function textOf(action: CommandAction): string {
  return action.kind === 'argv' ? `\0${JSON.stringify(action.argv)}` : action.command;
}
