/** A random pipeline on disk: writes worlds, disturbs and runs them, and compares them with the oracle. */
import {
  chmodSync,
  cpSync,
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Project } from '../../rig/project.js';
import { type Content, type FileContent, signature, TOOL } from './tool.js';
import { itemsOf, outPath, pipelineText, type World } from './world.js';

export const DISTURBANCES = [
  'touch',
  'link',
  'delete an out',
  'edit an out',
  'touch an out',
  'delete all outs',
  'delete the cache',
] as const;

export type Disturbance = (typeof DISTURBANCES)[number];

export class Playground {
  readonly project: Project;
  /** Files outside of the project: the tool, the list of executions, targets of links. */
  readonly #outside = new Project();
  #laid: ReadonlyMap<string, FileContent> = new Map();
  #linked = 0;
  /** By path in `mix/`: what runs wrote there. */
  readonly #wrote = new Map<string, string>();
  /** Number of changes. */
  changes = 0;

  /** This kind of project runs its commands. */
  constructor(Kind: typeof Project = Project) {
    this.project = new Kind();
    this.#outside.write('tool.sh', TOOL);
    this.project.env.TOOL = this.#outside.path('tool.sh');
    this.project.env.RAN = this.#outside.path('ran.txt');
  }

  /** Writes only the differences from the previous world. */
  lay(world: World, style = 0): void {
    this.#moveOne(world, style);
    for (const name of this.#laid.keys()) {
      if (world.files.has(name)) continue;
      rmSync(this.project.path(name), { force: true });
      this.changes++;
    }
    for (const [name, content] of world.files) {
      const before = this.#laid.get(name);
      if (before !== undefined && signature(before) === signature(content)) continue;
      if (before?.text !== content.text) this.#save(name, content.text, style);
      chmodSync(this.project.path(name), content.executable ? 0o755 : 0o644);
      this.changes++;
    }
    this.#laid = world.files;
    const text = pipelineText(world);
    const file = this.project.path('pipeline.yaml');
    if (!existsSync(file) || this.project.read('pipeline.yaml') !== text)
      this.#save('pipeline.yaml', text, style);
    prune(this.project.path('src'));
    prune(this.project.path('mix'));
  }

  /** A deleted file and a new one with the same content make a move. */
  #moveOne(world: World, style: number): void {
    if (style === 0) return;
    const gone = [...this.#laid].find(([name]) => !world.files.has(name));
    const come = [...world.files].find(([name]) => !this.#laid.has(name));
    if (gone === undefined || come === undefined) return;
    if (signature(gone[1]) !== signature(come[1])) return;
    // In an out, a link counts as a link: a change of its target need not be seen.
    if (come[0].startsWith('mix/') && lstatSync(this.project.path(gone[0])).isSymbolicLink())
      return;
    mkdirSync(path.dirname(this.project.path(come[0])), { recursive: true });
    renameSync(this.project.path(gone[0]), this.project.path(come[0]));
    const rest = [...this.#laid].filter(([name]) => name !== gone[0]);
    this.#laid = new Map([...rest, come]);
    this.changes++;
  }

  /** Saves a file as various editors do: in place, by a new file, with a backup, after a deletion. */
  #save(name: string, text: string, style: number): void {
    const file = this.project.path(name);
    switch (style) {
      case 1:
        this.project.write(`${name}.new`, text);
        renameSync(`${file}.new`, file);
        break;
      case 2:
        if (existsSync(file)) renameSync(file, `${file}~`);
        this.project.write(name, text);
        rmSync(`${file}~`, { force: true });
        break;
      case 3:
        rmSync(file, { force: true });
        this.project.write(name, text);
        break;
      default:
        this.project.write(name, text);
    }
    this.changes += 1 + style;
  }

  /** Changes the disk without changing the world. */
  disturb(world: World, kind: Disturbance, a: number): void {
    const sources = [...world.files.keys()];
    const source = sources[a % Math.max(1, sources.length)];
    const outs = itemsOf(world)
      .map(({ stage, cell }) => this.project.path(outPath(stage, cell)))
      .filter((out) => existsSync(out));
    const out = outs[a % Math.max(1, outs.length)];
    this.changes++;
    switch (kind) {
      case 'touch':
        if (source !== undefined) utimesSync(this.project.path(source), a % 2 ** 31, a % 2 ** 31);
        break;
      case 'link':
        if (source?.startsWith('src/')) this.#link(source);
        break;
      case 'delete an out':
        if (out !== undefined) rmSync(out, { recursive: true });
        break;
      case 'edit an out':
        // In `mix/`, only what the oracle can read as a file after its stage is gone.
        if (out !== undefined) edit(out, out.includes('/mix/') ? ([0, 1, 4][a % 3] as number) : a);
        break;
      case 'touch an out':
        if (out !== undefined) utimesSync(out, a % 2 ** 31, a % 2 ** 31);
        break;
      case 'delete all outs':
        this.project.remove('cache/out');
        break;
      case 'delete the cache':
        this.project.remove('cache');
        this.#wrote.clear();
        break;
      default:
        kind satisfies never;
    }
  }

  /** User files in `mix/`: those that no item of this world writes, except unedited outs of former stages. */
  leftovers(world: World): Map<string, FileContent> {
    const own = new Set(itemsOf(world).map(({ stage, cell }) => outPath(stage, cell)));
    const found = new Map<string, FileContent>();
    for (const name of filesBelow(this.project.path('mix'))) {
      const file = `mix/${name}`;
      if (own.has(file) || this.#wrote.get(file) === this.onDisk(file)) continue;
      const { mode } = lstatSync(this.project.path(file));
      const executable = (mode & 0o100) !== 0;
      found.set(file, { kind: 'file', text: this.project.read(file), executable });
    }
    return found;
  }

  /** Records that a run wrote this out. */
  noteWritten(file: string): void {
    if (file.startsWith('mix/')) this.#wrote.set(file, this.onDisk(file));
  }

  /** The signature of a path's content. */
  onDisk(name: string): string {
    const absolute = this.project.path(name);
    const stat = lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) return 'nothing';
    if (!stat.isDirectory()) return oneOnDisk(absolute);
    const files = filesBelow(absolute).map((file) => [file, oneOnDisk(path.join(absolute, file))]);
    return `d:${JSON.stringify(files)}`;
  }

  isLink(name: string): boolean {
    return lstatSync(this.project.path(name), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  }

  /** Executions since the last call, one line each. */
  takeRan(): string[] {
    const ran = this.#outside.lines('ran.txt');
    this.#outside.remove('ran.txt');
    return ran.toSorted();
  }

  /** The same world elsewhere, without cache and outs, but with leftovers of former stages. */
  copyOf(world: World): Playground {
    const copy = new Playground();
    const leftovers = this.leftovers(world);
    copy.lay({ ...world, files: new Map([...world.files, ...leftovers]) });
    return copy;
  }

  dispose(): void {
    this.project.dispose();
    this.#outside.dispose();
  }

  /** Replaces a source by a link to the same content outside of the project. */
  #link(source: string): void {
    const file = this.project.path(source);
    if (lstatSync(file).isSymbolicLink()) return;
    const target = this.#outside.path(`linked-${++this.#linked}`);
    cpSync(file, target);
    rmSync(file);
    symlinkSync(target, file);
  }
}

/** Changes an out in one of several ways. */
function edit(out: string, a: number): void {
  const isFolder = lstatSync(out).isDirectory();
  switch (a % 5) {
    case 0:
      writeFileSync(isFolder ? path.join(out, 'extra') : out, 'edited\n');
      break;
    case 1:
      if (isFolder) mkdirSync(path.join(out, 'empty'), { recursive: true });
      else chmodSync(out, 0o755);
      break;
    case 2:
      rmSync(out, { recursive: true });
      if (isFolder) writeFileSync(out, 'a file\n');
      else mkdirSync(out);
      break;
    case 3:
      rmSync(`${out}.moved`, { recursive: true, force: true });
      renameSync(out, `${out}.moved`);
      symlinkSync(`${path.basename(out)}.moved`, out);
      break;
    default:
      editUnseen(isFolder ? path.join(out, 'parity') : out);
  }
}

/** Keeps size and mtime. */
function editUnseen(file: string): void {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return;
  const bytes = readFileSync(file);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  utimesSync(file, stat.atime, stat.mtime);
}

/** A run may be writing there. */
function oneOnDisk(absolute: string): string {
  const stat = lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) return 'nothing';
  if (stat.isSymbolicLink()) return `l:${readlinkSync(absolute)}`;
  if (stat.isDirectory()) return 'an empty folder';
  const content: Content = {
    kind: 'file',
    text: readFileSync(absolute, 'utf8'),
    executable: (stat.mode & 0o100) !== 0,
  };
  return signature(content);
}

/** Paths relative to the folder, in byte order, including empty folders. */
function filesBelow(folder: string): string[] {
  const walk = (below: string): string[] =>
    entriesOf(path.join(folder, below)).flatMap((entry) => {
      const name = path.join(below, entry.name);
      if (!entry.isDirectory()) return [name];
      const inner = walk(name);
      return inner.length === 0 ? [name] : inner;
    });
  return walk('').sort();
}

/** Empty without such a folder: a run may just be removing it. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes empty folders below the folder, and the folder itself if it becomes empty. */
function prune(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) prune(path.join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
