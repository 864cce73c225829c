/** The code of every selected stage: its digest for the key, its files for `why`, its bundle to execute. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ModuleCode } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { type TracedModule, traceModule } from '../trace/trace.js';
import type { Project } from './project.js';

export type Code = CodeFiles &
  (
    | {
        readonly kind: 'module';
        readonly module: Omit<ModuleCode, 'matrix'>;
        readonly bundle: string;
      }
    | { readonly kind: 'command'; readonly scripts: Readonly<Record<string, string>> }
  );

/** The evidence that names single files. */
export interface CodeFiles {
  /** Local code files by path with the digest of their stripped text. */
  readonly files: Readonly<Record<string, string>>;
  /** Who imports a file, by path. */
  readonly importers: Readonly<Record<string, string>>;
}

/** The code of the selected items, by their index in the plan. */
export interface Codes {
  of(index: number): Code;
  /** Path of the executable bundle of a `run:` stage. */
  bundleFor(index: number): string;
  /** The first script of a `cmd:` stage whose content is no longer what was traced. */
  changedScript(index: number): string | undefined;
}

export async function openCodes(project: Project, selected: readonly number[]): Promise<Codes> {
  const byFile = new Map<string, Promise<TracedModule>>();
  const codes = new Map<number, Code>();
  for (const index of selected) {
    const { action, deps } = project.plan.items[index] as Item;
    if (action.kind !== 'module') {
      codes.set(index, { kind: 'command', scripts: {}, files: {}, importers: {} });
      continue;
    }
    const options = {
      stageDoor: path.join(project.dist, 'stage.js'),
      deps: deps.map((dep) => dep.path),
    };
    const name = JSON.stringify([action.file, options.deps]);
    const tracing = byFile.get(name) ?? traceModule(project.root, action.file, options);
    byFile.set(name, tracing);
    const { code, files, importers, executable } = await tracing;
    const bundle = path.join(project.cache.tmpFolder('bundles'), `${code.bundle}.mjs`);
    writeFileSync(bundle, executable);
    codes.set(index, { kind: 'module', module: code, bundle, files, importers });
  }
  return {
    of: (index) => codes.get(index)!,
    bundleFor: (index) => (codes.get(index) as { bundle: string }).bundle,
    changedScript: () => undefined,
  };
}
