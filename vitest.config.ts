import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { temporaryFolder } from './test/rig/file-systems.js';

/**
 * Project `unit` (`npm run test:unit`): folders and files of quick tests that stay within the process.
 * They need no dist/, so nothing is built before them, whether all of them run or one file.
 */
const UNIT = [
  'architecture/',
  'cache/',
  'canonical.test.ts',
  'compare/',
  'decide/excess.test.ts',
  'decide/from-to.test.ts',
  'decide/incremental.test.ts',
  'error.test.ts',
  'executor/',
  'execute/queue.test.ts',
  'lockfile/',
  'packages/',
  'page/result-rows.test.ts',
  'page/scale.test.ts',
  'page/scatter-layout.test.ts',
  'pipeline/',
  'printable.test.ts',
  'report/',
  'request.test.ts',
  'stages/lib/',
  'sys/',
  'system-message.test.ts',
  'code/',
  'watch/',
];

/** In these folders, but slow, or on the built command. */
const NOT_UNIT = [
  'cache/damage.test.ts',
  'cache/faults.test.ts',
  'cache/gc.test.ts',
  'cache/scan.test.ts',
  'pipeline/glob.test.ts',
  'pipeline/items/shell.test.ts',
  'report/live/terminal.test.ts',
  'packages/data/parquet/extract.test.ts',
  'packages/data/zip.test.ts',
  'stages/lib/mask.test.ts',
  'code/execute.test.ts',
  'code/kept.test.ts',
  'code/python-parse.test.ts',
];

/**
 * Project `alone`: each file runs in a separate process. They replace a module or calls of node:fs for all
 * importers, change the current folder or the umask, choose a backend, of which tfjs has one for the whole
 * process, or measure the CPU time of the process.
 */
const ALONE = [
  'cache/clock.test.ts',
  'cache/faults.test.ts',
  'cache/permissions.test.ts',
  'packages/kernels/',
  'packages/networks/',
  'pipeline/scale.test.ts',
  'stages/data.test.ts',
  'stages/evaluate.test.ts',
  'stages/lib/nn/',
  'stages/lib/restore.test.ts',
  'stages/lib/train/',
  'stages/pipeline.test.ts',
  'stages/report.test.ts',
  'stages/train.test.ts',
  'code/digest.test.ts',
  'code/python-parse.test.ts',
];

const isIn = (parts: readonly string[], file: string) =>
  parts.some((part) => file === part || (part.endsWith('/') && file.startsWith(part)));

/** Each file is in one project. Files that are not listed above are in `command`, after the build. */
function projectOf(file: string): 'unit' | 'alone' | 'command' {
  if (isIn(ALONE, file)) return 'alone';
  return isIn(UNIT, file) && !isIn(NOT_UNIT, file) ? 'unit' : 'command';
}

const folder = fileURLToPath(new URL('./test/', import.meta.url));
/** For what belongs in slow/ and long/, see vitest.slow.config.ts and vitest.long.config.ts. */
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.test.ts') && !isIn(['slow/', 'long/'], file),
);

/** The public entry point is its source, not the built file. */
export const resolve = {
  alias: { 'pipe-run/stage': fileURLToPath(new URL('./src/stage/stage-api.ts', import.meta.url)) },
};

/** As when pipe bundles a stage: an imported style sheet is its text, and a `.wasm` file its bytes. */
const filesAsData = {
  name: 'files-as-data',
  enforce: 'pre' as const,
  resolveId: (name: string, importer: string | undefined) =>
    /\.(css|wasm)$/.test(name) && importer !== undefined
      ? `\0data:${path.resolve(path.dirname(importer), name)}.ts`
      : undefined,
  load: (id: string) => (id.startsWith('\0data:') ? dataModule(id.slice(6, -3)) : undefined),
};

function dataModule(file: string): string {
  if (file.endsWith('.css')) return `export default ${JSON.stringify(readFileSync(file, 'utf8'))};`;
  const base64 = readFileSync(file).toString('base64');
  return `export default new Uint8Array(Buffer.from('${base64}', 'base64'));`;
}

export const plugins = [filesAsData];

const env = { TMPDIR: temporaryFolder() };

const common = {
  env,
  restoreMocks: true,
  // Ends a test that hangs. It is not a speed limit: a test must not fail on a loaded machine.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  exclude: [...configDefaults.exclude, 'test/slow/**', 'test/long/**'],
};

function project(name: ReturnType<typeof projectOf>, more: object) {
  const include = files.filter((file) => projectOf(file) === name).map((file) => `test/${file}`);
  return { resolve, plugins, test: { ...common, name, include, ...more } };
}

/**
 * Each worker loads what the tests import once, not once for each of 130 files, which takes a third of the
 * time. No imported module has state. Workers are processes, not threads: a process of a few hundred
 * megabytes starts others in half of the time that a process with all workers in it takes.
 */
const SHARED = { pool: 'forks', isolate: false };

export default defineConfig({
  resolve,
  test: {
    ...common,
    // Most tests wait for processes that they started, and no core is busy for a fifth of the time.
    maxWorkers: availableParallelism() + 1,
    projects: [
      project('unit', { ...SHARED, env: { ...env, PIPE_TEST_PROJECT: 'unit' } }),
      project('alone', { pool: 'forks', isolate: true }),
      project('command', { ...SHARED, globalSetup: ['test/rig/build.ts'] }),
    ],
  },
});
