/** A random pipeline on disk: worlds are laid out in it, disturbed, run, and compared with the oracle. */
import {
  chmodSync,
  cpSync,
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

export class Playground {
  readonly project = new Project();
  /** What lies outside of the project: the tool, the list of what ran, targets of links. */
  readonly #outside = new Project();
  #laid: ReadonlyMap<string, FileContent> = new Map();
  #linked = 0;

  constructor() {
    this.#outside.write('tool.sh', TOOL);
    this.project.env.TOOL = this.#outside.path('tool.sh');
    this.project.env.RAN = this.#outside.path('ran.txt');
  }

  /** Writes what differs from the world that was laid out before, and touches nothing else. */
  lay(world: World): void {
    for (const name of this.#laid.keys()) {
      if (!world.files.has(name)) rmSync(this.project.path(name), { force: true });
    }
    for (const [name, content] of world.files) {
      const before = this.#laid.get(name);
      if (before !== undefined && signature(before) === signature(content)) continue;
      this.project.write(name, content.text);
      chmodSync(this.project.path(name), content.executable ? 0o755 : 0o644);
    }
    this.#laid = world.files;
    const text = pipelineText(world);
    if (
      !existsSync(this.project.path('pipeline.yaml')) ||
      this.project.read('pipeline.yaml') !== text
    )
      this.project.write('pipeline.yaml', text);
    prune(this.project.path('src'));
    prune(this.project.path('mix'));
  }

  /** Something happens on the disk that is no change of the world. */
  disturb(world: World, kind: number, a: number): 'cache is gone' | undefined {
    const sources = [...world.files.keys()];
    const source = sources[a % Math.max(1, sources.length)];
    const outs = itemsOf(world)
      .map(({ stage, cell }) => this.project.path(outPath(stage, cell)))
      .filter((out) => existsSync(out));
    const out = outs[a % Math.max(1, outs.length)];
    switch (kind) {
      case 0:
        if (source !== undefined) utimesSync(this.project.path(source), a % 2 ** 31, a % 2 ** 31);
        return undefined;
      case 1:
        if (source?.startsWith('src/')) this.#link(source);
        return undefined;
      case 2:
        if (out !== undefined) rmSync(out, { recursive: true });
        return undefined;
      case 3:
        // In `mix/` only what the oracle can read as a file when its stage is gone.
        if (out !== undefined) edit(out, out.includes('/mix/') ? ([0, 1, 4][a % 3] as number) : a);
        return undefined;
      case 4:
        if (out !== undefined) utimesSync(out, a % 2 ** 31, a % 2 ** 31);
        return undefined;
      case 5:
        rmSync(this.project.path('cache/out'), { recursive: true, force: true });
        return undefined;
      case 6:
        rmSync(this.project.path('cache'), { recursive: true, force: true });
        return 'cache is gone';
      default:
        throw new Error(`no disturbance ${kind}`);
    }
  }

  /** Files in `mix/` that no item of this world writes: some came from stages of the past. */
  leftovers(world: World): Map<string, FileContent> {
    const own = new Set(itemsOf(world).map(({ stage, cell }) => outPath(stage, cell)));
    const found = new Map<string, FileContent>();
    for (const name of filesBelow(this.project.path('mix'))) {
      const file = `mix/${name}`;
      if (own.has(file)) continue;
      const { mode } = lstatSync(this.project.path(file));
      const executable = (mode & 0o100) !== 0;
      found.set(file, { kind: 'file', text: this.project.read(file), executable });
    }
    return found;
  }

  /** The signature of what lies at a path. */
  onDisk(name: string): string {
    const absolute = this.project.path(name);
    const stat = lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) return 'nothing';
    if (!stat.isDirectory()) return oneOnDisk(absolute);
    const files = filesBelow(absolute).map((file) => [file, oneOnDisk(path.join(absolute, file))]);
    return `d:${JSON.stringify(files)}`;
  }

  /** What ran since the last call, one line for each execution. */
  takeRan(): string[] {
    const ran = this.#outside.lines('ran.txt');
    this.#outside.remove('ran.txt');
    return ran.toSorted();
  }

  /** The same world somewhere else, without cache and outs, leftovers of the past included. */
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

  /** A source becomes a link to the same content outside of the project. */
  #link(source: string): void {
    const file = this.project.path(source);
    if (lstatSync(file).isSymbolicLink()) return;
    const target = this.#outside.path(`linked-${++this.#linked}`);
    cpSync(file, target);
    rmSync(file);
    symlinkSync(target, file);
  }
}

/** Makes an out another one, in one of several ways. */
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

/** As long as before, and as old. */
function editUnseen(file: string): void {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return;
  const bytes = readFileSync(file);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  utimesSync(file, stat.atime, stat.mtime);
}

function oneOnDisk(absolute: string): string {
  const stat = lstatSync(absolute);
  if (stat.isSymbolicLink()) return `l:${readlinkSync(absolute)}`;
  if (stat.isDirectory()) return 'an empty folder';
  const content: Content = {
    kind: 'file',
    text: readFileSync(absolute, 'utf8'),
    executable: (stat.mode & 0o100) !== 0,
  };
  return signature(content);
}

/** Paths relative to the folder, in byte order; empty folders among them. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .map((entry) => ({ entry, full: path.join(entry.parentPath, entry.name) }))
    .filter(({ entry, full }) => !entry.isDirectory() || readdirSync(full).length === 0)
    .map(({ full }) => path.relative(folder, full))
    .sort();
}

/** Removes folders in which nothing is, and the folder itself when nothing is left. */
function prune(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) prune(path.join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
