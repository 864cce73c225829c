/** Builds dist/: the command, the entry points, the stage host, types and the JSON Schema. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildCommand } from './build-command.mjs';

const esbuild = await import('esbuild').catch(packagesMissing);
const { build } = esbuild;

const root = fileURLToPath(new URL('.', import.meta.url));
process.chdir(root);
const compiler = 'node_modules/typescript/bin/tsc';
if (!existsSync(compiler)) packagesMissing({ code: 'ERR_MODULE_NOT_FOUND' });

// Builds into a separate folder first, so that a command that starts meanwhile never finds a partial file.
mkdirSync('dist', { recursive: true });
const draft = mkdtempSync('dist/.draft-');
process.once('exit', () => rmSync(draft, { recursive: true, force: true }));

// Types are written during the bundling, and not checked: `npm run typecheck` checks them, and an install
// need not wait for that.
const types = once(
  spawn(
    process.execPath,
    [compiler, ...['-p', 'tsconfig.types.json', '--noCheck', '--outDir', `${draft}/types`]],
    { stdio: 'inherit' },
  ),
  'exit',
);

const common = {
  // esbuild keeps the folder that was current when it was loaded.
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  // Everything except esbuild, which has a separate binary. A bundle loads several times as fast as many
  // files, and evaluates a module only when it is first used.
  external: ['esbuild'],
  legalComments: 'none',
  logLevel: 'warning',
};

await Promise.all([
  buildCommand(esbuild, { common, draft }),
  // The part that bin/pipe.cjs runs first.
  build({
    ...common,
    entryPoints: ['src/noop/fast-path.ts'],
    outfile: `${draft}/fast-path.cjs`,
    format: 'cjs',
    minifyWhitespace: true,
  }),
  build({
    ...common,
    entryPoints: ['src/index.ts'],
    outfile: `${draft}/index.js`,
    format: 'esm',
    // CommonJS libraries load Node's own modules by require(), which an ES module must create.
    banner: {
      js: "import { createRequire as pipeCreateRequire } from 'node:module';\nconst require = pipeCreateRequire(import.meta.url);",
    },
  }),
  build({
    ...common,
    entryPoints: ['src/stage/stage-api.ts'],
    outfile: `${draft}/stage.js`,
    format: 'esm',
  }),
  build({
    ...common,
    entryPoints: ['src/stage/host.ts'],
    outfile: `${draft}/stage-host.mjs`,
    format: 'esm',
  }),
  build({
    ...common,
    entryPoints: ['src/process/fork-server.ts'],
    outfile: `${draft}/fork-server.cjs`,
    format: 'cjs',
    minifyWhitespace: true,
  }),
  // The page of `pipe report` and `pipe ui`, for a browser. Only these two commands read it, as text.
  build({
    ...common,
    platform: 'browser',
    target: 'es2022',
    entryPoints: ['src/page/client/main.tsx'],
    outfile: `${draft}/page/page.js`,
    format: 'iife',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  }),
]);

// The code that validates also generates the schema.
await build({
  ...common,
  stdin: {
    contents: "export { pipelineSchema } from './src/pipeline/document/pipeline-schema.js';",
    resolveDir: root,
    loader: 'ts',
  },
  outfile: `${draft}/schema.mjs`,
  format: 'esm',
});
const { pipelineSchema } = await import(pathToFileURL(`${draft}/schema.mjs`).href);
writeFileSync(`${draft}/pipeline.schema.json`, `${JSON.stringify(pipelineSchema(), null, 2)}\n`);
rmSync(`${draft}/schema.mjs`);

const [status] = await types;
if (status !== 0) process.exit(status ?? 1);

// The command comes last: if it exists, everything else does.
const files = filesBelow(draft);
const last = (file) => Number(file === 'main.cjs');
for (const file of files.sort((a, b) => last(a) - last(b))) {
  const place = path.join('dist', file);
  mkdirSync(path.dirname(place), { recursive: true });
  renameSync(path.join(draft, file), place);
}

// V8's code cache of the previous files.
rmSync('dist/.code', { recursive: true, force: true });

// Leftovers of an older build would be published.
for (const file of filesBelow('dist')) {
  if (!files.includes(file)) rmSync(path.join('dist', file), { force: true });
}

/** Without those whose name begins with a dot: drafts of other builds, and V8's code cache. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap((entry) => {
      if (!entry.isDirectory()) return [entry.name];
      return filesBelow(path.join(folder, entry.name)).map((file) => path.join(entry.name, file));
    });
}

/** `npm install <folder>` runs this in the folder without installing anything there. */
function packagesMissing(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'pipe is not built: its packages are not installed; first run `npm ci` in its folder',
  );
  process.exit(1);
}
