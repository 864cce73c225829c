/** Versions of installed distributions by the names that code imports, from the metadata of an environment. */
import path from 'node:path';
import { sha256 } from '../../canonical.js';
import { addTo, getOrMake } from '../../lists.js';
import { textIfThere } from '../../sys/if-there.js';
import type { FsSnapshot } from '../fs-snapshot.js';
import { NOT_INSTALLED } from '../package.js';
import { within } from '../project-paths.js';
import type { TraceCache } from '../trace-cache.js';
import { type Interpreter, namesIn } from './interpreter.js';

export interface Versions {
  /** Version by name of the distribution, or by the imported name if it belongs to no distribution. */
  readonly versions: Readonly<Record<string, string>>;
  /** SHA-256 of the files that contain these versions, by path relative to the project. */
  readonly files: Readonly<Record<string, string>>;
  /** Folders in which another distribution may appear, relative to the project. */
  readonly folders: readonly string[];
}

/** Folder or file of metadata: `torch-2.1.0.dist-info`. pip renames what it removes to `~orch…`. */
const METADATA = /^[^~].*\.(?:dist|egg)-info$/;

/** Version of a module that no metadata assigns to a distribution. */
const NO_METADATA = 'without metadata';

/** The contents of a distribution, valid while its metadata has this stamp. */
interface Entry {
  readonly stamp: string;
  readonly provides: readonly string[];
}

type Index = Readonly<Record<string, Entry>>;

/** The distributions of one run. Each folder is searched once. */
export class Distributions {
  readonly #snapshot: FsSnapshot;
  readonly #traceCache: TraceCache;
  /** For each folder, metadata by imported name. */
  readonly #providers = new Map<string, ReadonlyMap<string, readonly string[]>>();

  constructor(snapshot: FsSnapshot, traceCache: TraceCache) {
    this.#snapshot = snapshot;
    this.#traceCache = traceCache;
  }

  /** Several distributions may share one name: a namespace package such as `google`. */
  versionsOf(imported: readonly string[], { folders, standard }: Interpreter): Versions {
    const library = new Set(standard);
    const names = imported.filter((each) => !library.has(each));
    const versions = new Map<string, string>();
    const files: Record<string, string> = {};
    /** Of two distributions with the same name, the first in the path counts. */
    const folderOf = new Map<string, string>();
    for (const each of names) {
      const found = folders.flatMap((folder) =>
        (this.#providersIn(folder).get(each) ?? []).map((info) => ({ folder, info })),
      );
      for (const { folder, info } of found) {
        const { file, name, version } = this.#read(path.join(folder, info));
        if ((folderOf.get(name) ?? folder) !== folder) continue;
        folderOf.set(name, folder);
        const place = within(this.#snapshot.root, file);
        files[place] = this.#snapshot.hex(place) ?? '';
        // An interrupted update may leave two.
        const known = versions.get(name)?.split(', ') ?? [];
        versions.set(name, [...new Set([...known, version])].sort().join(', '));
      }
      if (found.length === 0)
        versions.set(each, this.#isModule(each, folders) ? NO_METADATA : NOT_INSTALLED);
    }
    return {
      versions: Object.fromEntries([...versions].sort()),
      files,
      folders: names.length === 0 ? [] : folders.map((each) => within(this.#snapshot.root, each)),
    };
  }

  #isModule(name: string, folders: readonly string[]): boolean {
    return folders.some((folder) =>
      namesIn(folder, this.#snapshot).some(
        (each) => each === name || /^[^.]+\./.exec(each)?.[0] === `${name}.`,
      ),
    );
  }

  #read(info: string): { file: string; name: string; version: string } {
    const places = [path.join(info, 'METADATA'), path.join(info, 'PKG-INFO'), info];
    const file = places.find((each) => this.#stamp(each) !== undefined) as string;
    const text = textIfThere(file) ?? '';
    const head = text.split(/\r?\n\r?\n/, 1)[0] as string;
    const value = (key: string) => new RegExp(`^${key}: *(.*?)\\s*$`, 'mi').exec(head)?.[1];
    const [, name, version] = /^([^-]+)-([^-]+)/.exec(path.basename(info)) ?? [];
    return {
      file,
      name: canonicalName(value('Name') ?? name ?? path.basename(info)),
      version: value('Version') ?? version ?? NO_METADATA,
    };
  }

  #providersIn(folder: string): ReadonlyMap<string, readonly string[]> {
    return getOrMake(this.#providers, folder, () => {
      const providers = new Map<string, string[]>();
      for (const [info, { provides }] of Object.entries(this.#indexOf(folder))) {
        for (const name of provides) addTo(providers, name, info);
      }
      return providers;
    });
  }

  /** Reads only metadata that is newer than the stored index. */
  #indexOf(folder: string): Index {
    const name = sha256(JSON.stringify(['python folder', this.#traceCache.build, folder]));
    const before = (this.#traceCache.read(name) as Index | undefined) ?? {};
    const index: Record<string, Entry> = {};
    let isNew = false;
    for (const info of namesIn(folder, this.#snapshot)) {
      const stamp = METADATA.test(info) ? this.#stamp(path.join(folder, info)) : undefined;
      if (stamp === undefined) continue;
      const known = Object.hasOwn(before, info) ? before[info] : undefined;
      isNew ||= known?.stamp !== stamp;
      index[info] =
        known?.stamp === stamp
          ? known
          : { stamp, provides: this.#provides(path.join(folder, info)) };
    }
    if (isNew || Object.keys(index).length !== Object.keys(before).length)
      this.#traceCache.write(name, index satisfies Index);
    return index;
  }

  /** Includes the name of the distribution itself, because an editable installation lists nothing else. */
  #provides(info: string): string[] {
    const [own = ''] = path.basename(info).split(/-\d|\.(?:dist|egg)-info$/);
    const names = new Set([own.toLowerCase().replace(/[-.]+/g, '_')]);
    for (const line of textIfThere(path.join(info, 'top_level.txt'))?.split(/\r?\n/) ?? [])
      if (line !== '') names.add(line.split('/')[0] as string);
    for (const line of textIfThere(path.join(info, 'RECORD'))?.split(/\r?\n/) ?? []) {
      const top = TOP_LEVEL.exec(line);
      const name = top?.[1] ?? top?.[2];
      if (name !== undefined && name !== '__pycache__') names.add(name);
    }
    return [...names].sort();
  }

  #stamp(file: string): string | undefined {
    return this.#snapshot.stamp(within(this.#snapshot.root, file));
  }
}

/** A line of RECORD: a folder with a file in it, or a module. */
const TOP_LEVEL = /^"?(?:([^\W\d]\w*)\/|([^\W\d]\w*)\.(?:[^./,]+\.)?(?:py|so|pyd),)/u;

/** The same spelling for `Foo.Bar`, `foo_bar` and `foo-bar`, by Python's packaging rules. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
