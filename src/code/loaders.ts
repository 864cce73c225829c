/** What a file is by its name: a script, and how it enters a bundle. */

import { lastName } from '../sys/is-within.js';
import type { Loader } from './esbuild.js';

const SCRIPTS: Readonly<Record<string, Loader>> = {
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
};

/** Imported as strings: `import shader from './blur.wgsl'`. */
const TEXTS = new Set(
  '.txt .md .csv .tsv .svg .html .css .xml .yaml .yml .toml .sql .glsl .wgsl .py .sh .r'.split(' '),
);

/** A word with such an extension is a script, at any position: `timeout 5m torchrun train.py`. */
export const EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'py pyw js mjs cjs jsx ts mts cts tsx sh bash zsh ksh fish r jl pl pm rb lua php awk sed sql ' +
    'scala groovy tcl ps1 go rs hs ml clj swift kts exs m do sas qmd rmd rnw slurm sbatch pbs nf smk'
  ).split(' '),
);

/** True for JavaScript and TypeScript. */
export function isScript(file: string): boolean {
  return extensionOf(file) in SCRIPTS;
}

/** A native addon: loaded from its own path; its bytes enter the digest. */
export function isAddon(file: string): boolean {
  return extensionOf(file) === '.node';
}

/** JSON is a value, text a string; any other import is a Uint8Array of the file's bytes. */
export function loaderOf(file: string): Loader {
  const extension = extensionOf(file);
  const script = SCRIPTS[extension];
  if (script !== undefined) return script;
  if (extension === '.json') return 'json';
  return TEXTS.has(extension) ? 'text' : 'binary';
}

export function extensionOf(file: string): string {
  const name = lastName(file);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}
