/** A project in a temporary folder with hand-written packages, to trace and to execute. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type FsSnapshot, hexOf, newSnapshot } from '../../src/code/fs-snapshot.js';
import {
  keptTrace,
  type TracedModule,
  type TraceOptions,
  traceModule,
} from '../../src/code/trace.js';
import type { TraceCache } from '../../src/code/trace-cache.js';
import type { Traced } from '../../src/code/traced.js';
import { type Diagnostic, UserError } from '../../src/error.js';

export class Sandbox {
  /** Contains the project, and files that must be outside it. */
  readonly home = realpathSync(mkdtempSync(path.join(tmpdir(), 'pipe-trace-')));
  root = path.join(this.home, 'project');
  readonly stageDoor = path.join(this.home, 'tool', 'stage.js');

  /** The stored traces, as text, as they would be on disk. */
  readonly kept = new Map<string, string>();
  readonly traceCache: TraceCache = {
    build: '1',
    timeAt: (_dev, moment) => Date.now() - (performance.now() - moment),
    read: (name) => {
      const text = this.kept.get(name);
      return text === undefined ? undefined : JSON.parse(text);
    },
    write: (name, value) => void this.kept.set(name, JSON.stringify(value)),
  };

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.write('package.json', '{ "type": "module" }');
    this.write(
      '../tool/stage.js',
      'export const STAGE_PROTOCOL = 1;\nexport const defineStage = (run) => ({ pipeStage: 1, run });\n',
    );
    this.write('../tool/package.json', '{ "type": "module" }');
    for (const [file, text] of Object.entries(files)) this.write(file, text);
  }

  path(file: string): string {
    return path.join(this.root, file);
  }

  write(file: string, text: string | Uint8Array): void {
    mkdirSync(path.dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  edit(file: string, from: string, to: string): void {
    const before = this.read(file);
    if (!before.includes(from)) throw new Error(`${file} has no ${from}`);
    this.write(file, before.replace(from, to));
  }

  remove(file: string): void {
    rmSync(this.path(file), { recursive: true, force: true });
  }

  link(target: string, file: string): void {
    mkdirSync(path.dirname(this.path(file)), { recursive: true });
    symlinkSync(target, this.path(file));
  }

  /** A package whose one module exports its name and version. */
  install(folder: string, name: string, version: string, more: object = {}): void {
    const at = `${folder === '.' ? '' : `${folder}/`}node_modules/${name}`;
    this.write(
      `${at}/package.json`,
      JSON.stringify({ name, version, main: 'main.js', type: 'module', ...more }),
    );
    this.write(`${at}/main.js`, `export default '${name}@${version}';\n`);
  }

  /** Moves the whole project to another folder. */
  move(folder: string): void {
    const target = path.join(this.home, folder);
    mkdirSync(path.dirname(target), { recursive: true });
    renameSync(this.root, target);
    this.root = target;
  }

  /** Another project with the same content. */
  copy(folder: string): string {
    const target = path.join(this.home, folder);
    cpSync(this.root, target, { recursive: true, verbatimSymlinks: true });
    return target;
  }

  options(deps: readonly string[] = []): TraceOptions {
    return { stageDoor: this.stageDoor, deps, traceCache: this.traceCache };
  }

  trace(file = 'stage.ts', deps: readonly string[] = []): Promise<TracedModule> {
    return traceModule(this.root, file, this.options(deps));
  }

  /** The cached trace, if it is still valid. */
  recall(file = 'stage.ts', deps: readonly string[] = []): Traced | undefined {
    return keptTrace(this.root, file, this.options(deps), this.snapshot());
  }

  snapshot(): FsSnapshot {
    return newSnapshot(this.root, (file) => digestOf(this.path(file)));
  }

  /** Makes everything look older than any trace, as in a project without recent edits. */
  settle(folder = this.home): void {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const where = path.join(folder, entry.name);
      if (entry.isDirectory()) this.settle(where);
      else lutimesSync(where, 1, 1);
    }
    lutimesSync(folder, 1, 1);
  }

  async digest(file = 'stage.ts'): Promise<string> {
    return (await this.trace(file)).code.bundle;
  }

  /** The errors in a stage's code. */
  async mistakes(file = 'stage.ts', deps: readonly string[] = []): Promise<readonly Diagnostic[]> {
    try {
      await this.trace(file, deps);
    } catch (error) {
      if (error instanceof UserError) return error.diagnostics;
      throw error;
    }
    throw new Error('traced without a mistake');
  }

  /** Traces the stage, executes it in its own process, and returns the result of its function. */
  async execute(file = 'stage.ts', deps: readonly string[] = []): Promise<unknown> {
    const { stdout } = await this.node(await this.trace(file, deps));
    return JSON.parse(stdout);
  }

  node({ executable }: TracedModule): Promise<{ stdout: string; stderr: string }> {
    // Far from the project, as the cache may be.
    const bundle = path.join(this.home, 'elsewhere', 'bundle.mjs');
    mkdirSync(path.dirname(bundle), { recursive: true });
    writeFileSync(bundle, executable);
    const call = `import stage from ${JSON.stringify(pathToFileURL(bundle).href)};
      const run = typeof stage === 'function' ? stage : stage.run;
      console.log(JSON.stringify(await run({})));`;
    return promisify(execFile)(
      process.execPath,
      ['--enable-source-maps', '--input-type=module', '-e', call],
      { cwd: this.root },
    );
  }

  dispose(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** As the stat index of the cache would return it. */
function digestOf(file: string): string | undefined {
  const hex = hexOf(file);
  return hex && `f:${hex}`;
}
