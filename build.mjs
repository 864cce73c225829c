/** Builds dist/: the command, the entry points, the stage host, types and the JSON Schema. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const { build, transform } = await import('esbuild').catch(packagesMissing);

const root = fileURLToPath(new URL('.', import.meta.url));
process.chdir(root);
const compiler = 'node_modules/typescript/bin/tsc';
if (!existsSync(compiler)) packagesMissing({ code: 'ERR_MODULE_NOT_FOUND' });

// Into a folder of its own first: nobody who starts meanwhile finds half a file.
mkdirSync('dist', { recursive: true });
const draft = mkdtempSync('dist/.draft-');
process.once('exit', () => rmSync(draft, { recursive: true, force: true }));

// They are written beside the bundles, unchecked: `npm run typecheck` checks, and an install should not
// wait for it.
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
  // Everything but esbuild, which brings a binary of its own: what is bundled loads several times
  // as fast as what lies in many files, and runs its modules only at the point of use.
  external: ['esbuild'],
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * Libraries that only some runs need, each in a file of its own: what a run with nothing to do must
 * read and keep in V8's code cache stays small. p-queue is the one that we import by its default.
 */
const LIBRARIES = {
  chokidar: "module.exports = require('chokidar');",
  execa: "module.exports = require('execa');",
  'p-queue': "module.exports = require('p-queue').default;",
  yaml: "module.exports = require('yaml');",
  zod: "module.exports = require('zod');",
};

/** As bin/pipe.cjs compiles it: a function with the parameters that Node gives to a module. */
const AS_SCRIPT = {
  banner: '(function (exports, require, module, __filename, __dirname) {',
  footer: '})',
  // A script from the code cache cannot import().
  supported: { 'dynamic-import': false },
};

/** Each is loaded by its first use: a CommonJS module that esbuild evaluates where it is imported. */
const librariesApart = {
  name: 'libraries-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./, namespace: 'library' }, ({ path }) => libraryFile(path));
    onResolve({ filter: /^[a-z-]+$/ }, ({ path, kind }) => {
      if (!Object.hasOwn(LIBRARIES, path)) return undefined;
      return kind === 'dynamic-import' ? libraryFile(path) : { path, namespace: 'library' };
    });
    onLoad({ filter: /./, namespace: 'library' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

/** Modules that `pipe run` always needs, although their importer loads them on demand. */
const ALWAYS = ['src/cli/run-command.ts'];

/** An `import()` of a module of our own. */
const ON_DEMAND = /\bimport\('(\.[^']+)\.js'\)/g;

const REST = './rest.cjs';

/** Sends each `import()` of our own modules to the file that has the module. */
const onDemand = {
  name: 'on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/rest\.cjs$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? { path, namespace: 'rest' } : { path, external: true },
    );
    onLoad({ filter: /./, namespace: 'rest' }, () => ({
      contents: `export const load = {${targets().map(
        (target) => `${JSON.stringify(target)}: () => require('./${target}')`,
      )}};`,
      resolveDir: root,
    }));
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8')
        .replace(ON_DEMAND, (_text, specifier) => {
          const target = targetOf(file, specifier);
          const found = ALWAYS.includes(target)
            ? `require('${specifier}.js')`
            : `require('${REST}').load['${target}']()`;
          return `Promise.resolve().then(() => ${found})`;
        })
        // esbuild would copy its properties for each module that imports it.
        .replace(/^import path from 'node:path';$/m, "const path = require('node:path');"),
      loader: 'ts',
    }));
  },
};

await Promise.all([
  ...Object.entries(LIBRARIES).map(([name, contents]) =>
    build({
      ...common,
      stdin: { contents, resolveDir: root, loader: 'js' },
      outfile: `${draft}/library/${name}.cjs`,
      format: 'cjs',
      minify: true,
      supported: AS_SCRIPT.supported,
      banner: { js: AS_SCRIPT.banner },
      footer: { js: AS_SCRIPT.footer },
    }),
  ),
  buildCommand(),
  // What bin/pipe.cjs asks first.
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
    // Libraries in CommonJS ask for Node's own modules by require(), which an ES module has to make.
    banner: {
      js: "import { createRequire as pipeCreateRequire } from 'node:module';\nconst require = pipeCreateRequire(import.meta.url);",
    },
  }),
  build({
    ...common,
    entryPoints: ['src/stage/index.ts'],
    outfile: `${draft}/stage.js`,
    format: 'esm',
  }),
  build({
    ...common,
    entryPoints: ['src/stage/host.ts'],
    outfile: `${draft}/stage-host.mjs`,
    format: 'esm',
  }),
  // What `pipe report` and `pipe ui` show: for a browser, read as text by these two alone.
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

// The schema is made by the very code that validates.
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

// The command last: where it is, all is there.
const files = filesBelow(draft);
const last = (file) => Number(file === 'main.cjs');
for (const file of files.sort((a, b) => last(a) - last(b))) {
  const place = path.join('dist', file);
  mkdirSync(path.dirname(place), { recursive: true });
  renameSync(path.join(draft, file), place);
}

// V8's code cache of the files before.
rmSync('dist/.code', { recursive: true, force: true });

// What an older build left behind would be published.
for (const file of filesBelow('dist')) {
  if (!files.includes(file)) rmSync(path.join('dist', file), { force: true });
}

/**
 * The command, in three CommonJS files of which bin/pipe.cjs keeps V8's code cache:
 *
 * - main.cjs, the entry point;
 * - pipe.cjs, all that `pipe run` needs to find that there is nothing to do;
 * - rest.cjs, everything else. In src/, `import()` means: load it from there.
 */
async function buildCommand() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [
      { in: 'src/main.ts', out: 'main' },
      { in: REST, out: 'rest' },
    ],
    outdir: draft,
    outExtension: { '.js': '.cjs' },
    // What both files need is in the third one.
    splitting: true,
    chunkNames: 'pipe',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [onDemand, librariesApart],
    sourcemap: 'inline',
    sourcesContent: false,
    write: false,
  });
  const names = outputFiles.map((file) => path.basename(file.path)).sort();
  if (names.join() !== 'main.cjs,pipe.cjs,rest.cjs')
    throw new Error(`the command is built in other files than expected: ${names.join(', ')}`);
  await Promise.all(outputFiles.map((file) => writeScript(file)));
}

/** The modules that are imported on demand. */
function targets() {
  const files = readdirSync(path.join(root, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(root, 'src', name));
  const all = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(ON_DEMAND)].map(([, specifier]) =>
      targetOf(file, specifier),
    ),
  );
  return [...new Set(all)].filter((target) => !ALWAYS.includes(target)).sort();
}

function targetOf(file, specifier) {
  return `${path.relative(root, path.resolve(path.dirname(file), specifier))}.ts`;
}

async function writeScript({ path: file, text }) {
  const name = path.basename(file);
  const { code, map } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minifyWhitespace: true,
    minifySyntax: true,
    supported: AS_SCRIPT.supported,
    banner: `${AS_SCRIPT.banner}"use strict";`,
    footer: AS_SCRIPT.footer,
    // A file of its own: only an internal error and a debugger read it (src/cli/internal-error.ts).
    sourcemap: 'external',
    sourcesContent: false,
    sourcefile: name,
  });
  // bin/pipe.cjs reads it as latin1; esbuild escapes everything but what is in a regular expression.
  if (/[^\0-\x7f]/.test(code))
    throw new Error(`dist/${name} is not plain ASCII: write \\u escapes in regular expressions`);
  writeFileSync(file, `${plainExports(code)}//# sourceMappingURL=${name}.map\n`);
  writeFileSync(`${file}.map`, map);
}

/** Without the copy that esbuild makes of all exports: each start would pay for it. The map's columns stay. */
function plainExports(code) {
  return code.replace(/\b__toCommonJS\((\w+)\)/, (call, name) => name.padEnd(call.length));
}

function libraryFile(name) {
  return { path: `./library/${name}.cjs`, external: true };
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
