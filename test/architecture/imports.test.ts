/** Imports go one way: this table is the architecture, and docs/architecture.md tells it in words. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Who may import whom; everyone may import itself. Single files of src/ go by their names. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  stage: [],
  error: [],
  canonical: [],
  manifest: ['stage', 'canonical', 'cache/digest'],
  event: ['stage'],
  pipeline: ['stage', 'error', 'canonical'],
  cache: ['stage', 'error', 'canonical', 'manifest', 'pipeline/plan'],
  lock: ['stage', 'error', 'canonical', 'manifest', 'cache/digest'],
  compare: ['lock'],
  trace: ['stage', 'error', 'canonical', 'manifest', 'pipeline'],
  process: ['stage', 'error', 'canonical'],
  run: [
    'stage',
    'error',
    'canonical',
    'manifest',
    'event',
    'pipeline',
    'cache',
    'lock',
    'compare',
    'trace',
    'process',
  ],
  report: ['stage', 'error', 'event', 'compare'],
  cli: [
    'stage',
    'error',
    'canonical',
    'manifest',
    'event',
    'pipeline',
    'cache',
    'lock',
    'compare',
    'run',
    'report',
    'process',
  ],
  index: ['error', 'event', 'pipeline', 'run'],
  still: ['cache', 'pipeline/root'],
  main: ['error', 'cli', 'pipeline', 'run'],
};

/** Each npm package enters the tool through one file. */
const PACKAGES: Readonly<Record<string, string>> = {
  yaml: 'src/pipeline/yaml.ts',
  zod: 'src/pipeline/schema.ts',
  esbuild: 'src/trace/esbuild.ts',
  execa: 'src/process/launch-module.ts',
  'p-queue': 'src/run/queue.ts',
  chokidar: 'src/run/file-watch.ts',
};

interface Import {
  readonly from: string;
  readonly specifier: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Static, dynamic and type imports, and re-exports. */
function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8').replace(
    /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm,
    '',
  );
  const found = text.matchAll(/(?:\bfrom\s|\bimport\s|\bimport\()\s*'([^']+)'/g);
  // What a string holds is no import of the file.
  return [...found]
    .filter((match) => !match[1]?.startsWith('${'))
    .map((match) => ({ from: file, specifier: match[1] as string }));
}

const imports = filesBelow('src').flatMap(importsOf);
const local = imports.filter(({ specifier }) => specifier.startsWith('.'));

function targetOf({ from, specifier }: Import): string {
  return path.join(path.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function unitOf(file: string): string {
  const [, first = ''] = file.split('/');
  return first.replace(/\.ts$/, '');
}

describe('the architecture of src/', () => {
  it('has the folders and files of the table, and no others', () => {
    expect([...new Set(filesBelow('src').map(unitOf))].sort()).toEqual(
      Object.keys(MAY_IMPORT).sort(),
    );
  });

  it('lets imports go only where the table says', () => {
    const strays = local.filter((each) => {
      const [unit, target] = [unitOf(each.from), targetOf(each)];
      if (unit === unitOf(target)) return false;
      const allowed = MAY_IMPORT[unit] ?? [];
      const name = target.replace(/^src\//, '').replace(/\.ts$/, '');
      return !allowed.some((one) => one === unitOf(target) || one === name);
    });
    expect(strays.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  it('has no cycle of files', () => {
    const graph = new Map<string, string[]>();
    for (const each of local)
      graph.set(each.from, [...(graph.get(each.from) ?? []), targetOf(each)]);
    expect(cyclesOf(graph)).toEqual([]);
  });

  it('lets each npm package in through one file', () => {
    const entries = imports
      .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map(({ from, specifier }) => `${specifier} in ${from}`);
    const allowed = Object.entries(PACKAGES).map(([name, file]) => `${name} in ${file}`);
    expect([...new Set(entries)].filter((entry) => !allowed.includes(entry))).toEqual([]);
  });

  it('touches the process in the entry points alone', () => {
    const touching = filesBelow('src').filter((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      return /process\.(exit|argv|stdout|stdin|stderr|exitCode)\b/.test(text);
    });
    expect(touching).toEqual(['src/main.ts', 'src/stage/host.ts']);
  });
});

describe('the two halves', () => {
  it('never import each other, but for pipe/stage', () => {
    const across = [
      ...imports.filter((each) => targetOf(each).startsWith('stages/')),
      ...filesBelow('stages')
        .filter((file) => !file.includes('node_modules'))
        .flatMap(importsOf)
        .filter(
          (each) =>
            targetOf(each).startsWith('src/') || /^pipe(\/(?!stage$)|$)/.test(each.specifier),
        ),
    ];
    expect(across).toEqual([]);
  });
});

/** Each cycle once, from the file where the search met it. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const path_: string[] = [];
  const visit = (file: string) => {
    const at = path_.indexOf(file);
    if (at >= 0) cycles.push([...path_.slice(at), file].join(' → '));
    if (at >= 0 || done.has(file)) return;
    path_.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path_.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}
