/** How a local file is taken into a bundle, by its name. */
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

/** Imported as a string: `import shader from './blur.wgsl'`. */
const TEXTS = new Set(
  '.txt .md .csv .tsv .svg .html .css .xml .yaml .yml .toml .sql .glsl .wgsl .py .sh .r'.split(' '),
);

/** True for JavaScript and TypeScript. */
export function isScript(file: string): boolean {
  return extensionOf(file) in SCRIPTS;
}

/** A native addon: it is loaded where it lies, and counts by its bytes. */
export function isAddon(file: string): boolean {
  return extensionOf(file) === '.node';
}

/** JSON is a value, text a string, and anything else that is imported a Uint8Array of its bytes. */
export function loaderOf(file: string): Loader {
  const extension = extensionOf(file);
  const script = SCRIPTS[extension];
  if (script !== undefined) return script;
  if (extension === '.json') return 'json';
  return TEXTS.has(extension) ? 'text' : 'binary';
}

export function extensionOf(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}
