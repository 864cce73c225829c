/** Builds the command: three CommonJS files, and the libraries that it loads at the point of use. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));

/**
 * Libraries that only some runs need, each in a separate file. So a run with nothing to do reads little,
 * and V8's code cache of it stays small. Only p-queue is imported by its default export.
 */
const LIBRARIES = {
  chokidar: "module.exports = require('chokidar');",
  execa: "module.exports = require('execa');",
  'p-queue': "module.exports = require('p-queue').default;",
  yaml: "module.exports = require('yaml');",
  zod: "module.exports = require('zod');",
};

/** In a script, without what Node takes 2 ms to load: a run with nothing to do needs neither. */
const LATER = [
  // A module that is loaded when one of its functions is first used.
  'const delayed=(id)=>new Proxy({},{get:(_,name)=>require(id)[name]})',
  // As performance.now(), but from the start of the machine.
  'const monotonic=()=>{const[s,ns]=process.hrtime();return s*1e3+ns/1e6}',
].join(';');

/** In the form that bin/pipe.cjs compiles: a function with the parameters that Node passes to a module. */
const AS_SCRIPT = {
  banner: '(function (exports, require, module, __filename, __dirname) {',
  footer: '})',
  // A script from the code cache cannot import().
  supported: { 'dynamic-import': false },
};

/** Each is loaded at its first use: a CommonJS module that esbuild evaluates where it is imported. */
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

/** Modules of the commands that people wait for most often, although their importer loads them on demand. */
const ALWAYS = [
  'src/cli/run-command.ts',
  'src/run/dry-run.ts',
  'src/cli/status-command.ts',
  'src/cli/why-command.ts',
];

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

/**
 * bin/pipe.cjs keeps V8's code cache of the three files:
 *
 * - main.cjs, the entry point;
 * - pipe.cjs, all that `pipe run` needs to find that there is nothing to do, or to say what there is;
 * - rest.cjs, everything else. In src/, `import()` means: load it from there.
 *
 * @param esbuild the package; if it is missing, build.mjs reports that itself
 * @param to `common`: options of every bundle; `draft`: the folder to write into
 */
export async function buildCommand(esbuild, { common, draft }) {
  await Promise.all([
    ...Object.entries(LIBRARIES).map(([name, contents]) =>
      esbuild.build({
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
    buildScripts(esbuild, { common, draft }),
  ]);
}

async function buildScripts({ build, transform }, { common, draft }) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [
      { in: 'src/main.ts', out: 'main' },
      { in: REST, out: 'rest' },
    ],
    outdir: draft,
    outExtension: { '.js': '.cjs' },
    // The third file has what both of the others need.
    splitting: true,
    define: { 'performance.now': 'monotonic' },
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
  await Promise.all(outputFiles.map((file) => writeScript(transform, file)));
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

async function writeScript(transform, { path: file, text }) {
  const name = path.basename(file);
  const { code, map } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minifyWhitespace: true,
    minifySyntax: true,
    supported: AS_SCRIPT.supported,
    banner: `${AS_SCRIPT.banner}"use strict";${LATER};`,
    footer: AS_SCRIPT.footer,
    // A separate file: only an internal error and a debugger read it (src/cli/internal-error.ts).
    sourcemap: 'external',
    sourcesContent: false,
    sourcefile: name,
  });
  // bin/pipe.cjs reads it as latin1. esbuild escapes other characters, except in regular expressions.
  if (/[^\0-\x7f]/.test(code))
    throw new Error(`dist/${name} is not plain ASCII: write \\u escapes in regular expressions`);
  writeFileSync(file, `${plainExports(delayedModules(code))}//# sourceMappingURL=${name}.map\n`);
  writeFileSync(`${file}.map`, map);
}

/** Without esbuild's copy of all exports, which would cost time at each start. Columns of the map stay valid. */
function plainExports(code) {
  return code.replace(/\b__toCommonJS\((\w+)\)/, (call, name) => name.padEnd(call.length));
}

/** Columns of the map stay valid. */
function delayedModules(code) {
  return code.replaceAll('=require("node:child_process")', '=delayed("node:child_process")');
}

function libraryFile(name) {
  return { path: `./library/${name}.cjs`, external: true };
}
