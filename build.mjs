/** Builds dist/: the command in one file, the public doors, the stage host, types and the JSON Schema. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
process.chdir(root);
mkdirSync('dist', { recursive: true });

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  // Everything but esbuild, which brings a binary of its own: what is bundled loads several times
  // as fast as what lies in many files, and runs its modules only at the point of use.
  external: ['esbuild'],
  legalComments: 'none',
  logLevel: 'warning',
};

await Promise.all([
  // One CommonJS file, so that bin/pipe.cjs can keep V8's code cache of it.
  build({
    ...common,
    entryPoints: ['src/main.ts'],
    outfile: 'dist/pipe.cjs',
    format: 'cjs',
    minifyWhitespace: true,
    // A script from the code cache cannot import(); esbuild comes by require() as well.
    supported: { 'dynamic-import': false },
  }),
  build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', format: 'esm' }),
  build({
    ...common,
    entryPoints: ['src/stage/index.ts'],
    outfile: 'dist/stage.js',
    format: 'esm',
  }),
  build({
    ...common,
    entryPoints: ['src/stage/host.ts'],
    outfile: 'dist/stage-host.mjs',
    format: 'esm',
  }),
]);

// The schema is made by the very code that validates.
await build({
  ...common,
  stdin: {
    contents: "export { pipelineSchema } from './src/pipeline/schema.js';",
    resolveDir: root,
    loader: 'ts',
  },
  outfile: 'dist/schema.mjs',
  format: 'esm',
});
const { pipelineSchema } = await import(pathToFileURL('dist/schema.mjs').href);
writeFileSync('dist/pipeline.schema.json', `${JSON.stringify(pipelineSchema(), null, 2)}\n`);
rmSync('dist/schema.mjs');

// Types are for those who import the package; a checkout without the compiler (npm ci --omit=dev) runs without.
const compiler = 'node_modules/typescript/bin/tsc';
if (existsSync(compiler) && !process.argv.includes('--no-types')) {
  const types = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.types.json'], {
    stdio: 'inherit',
  });
  if (types.status !== 0) process.exit(types.status ?? 1);
}
