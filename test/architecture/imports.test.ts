/**
 * Imports go one way: this table is the architecture, which docs/architecture.md describes in
 * words.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Modules that all code for deciding, running or comparing may use. */
const TOOLS = [
  'stage',
  'error',
  'system-message',
  'printable',
  'doc-pages',
  'canonical',
  'json',
  'lists',
  'wildcards',
  'manifest',
  'event',
  'pipeline',
  'noop',
  'cache',
  'remote',
  'code',
  'process',
  'sys',
] as const;

/**
 * Allowed imports, by folder of src/ or by single file. Every module may import from its own
 * folder. Permission for a folder covers everything below it.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  sys: [],
  stage: [],
  error: [],
  'system-message': [],
  printable: [],
  'doc-pages': [],
  canonical: [],
  json: [],
  lists: [],
  wildcards: [],
  manifest: ['stage', 'canonical', 'json', 'cache/objects/digest'],
  event: ['stage'],
  'pipeline/document': ['stage', 'error', 'lists', 'pipeline/root'],
  'pipeline/items': [
    'json',
    'lists',
    'stage',
    'sys',
    'pipeline/document',
    'pipeline/plan-files',
    'pipeline/braces',
    'pipeline/glob',
    'pipeline/look-alike',
    'pipeline/params-tree',
    'pipeline/plan',
    'pipeline/plot-kind',
    'pipeline/shell-lexer',
    'pipeline/shell-tree',
  ],
  pipeline: ['stage', 'error', 'canonical', 'json', 'lists', 'wildcards', 'sys'],
  'cache/files': ['error', 'sys', 'cache/layout'],
  noop: ['lists', 'pipeline/ignored-files', 'pipeline/root', 'sys', 'cache/files', 'cache/layout'],
  'cache/objects': ['json', 'sys', 'cache/files'],
  'cache/scan': [
    'pipeline/ignored-files',
    'sys',
    'noop',
    'cache/files',
    'cache/objects',
    'cache/layout',
  ],
  'cache/outs': ['lists', 'sys', 'cache/files', 'cache/objects', 'cache/scan'],
  'cache/records': [
    'json',
    'error',
    'stage',
    'canonical',
    'manifest',
    'pipeline/plan',
    'noop',
    'sys',
    'cache/files',
    'cache/objects',
    'cache/scan',
    'cache/outs',
    'cache/layout',
  ],
  'cache/gc': ['error', 'sys', 'cache/files', 'cache/objects', 'cache/records', 'cache/layout'],
  cache: [
    'json',
    'stage',
    'error',
    'canonical',
    'manifest',
    'pipeline/plan',
    'pipeline/ignored-files',
    'noop',
    'sys',
  ],
  remote: ['error', 'event', 'canonical', 'json', 'manifest', 'pipeline/plan', 'cache', 'sys'],
  'lockfile/format': ['json', 'stage', 'error', 'canonical', 'manifest', 'cache/objects/digest'],
  convert: ['stage', 'error', 'pipeline', 'sys'],
  compare: ['json', 'sys', 'wildcards', 'lockfile/format'],
  'code/python': ['error', 'canonical', 'json', 'lists', 'wildcards', 'sys', 'code'],
  code: ['stage', 'error', 'canonical', 'json', 'lists', 'manifest', 'pipeline', 'sys'],
  process: ['stage', 'error', 'printable', 'canonical', 'json', 'sys'],
  decide: [...TOOLS],
  lockfile: [...TOOLS, 'lockfile/format', 'decide'],
  execute: [...TOOLS, 'lockfile/format', 'decide', 'lockfile'],
  executor: [...TOOLS, 'decide', 'execute'],
  results: [...TOOLS, 'lockfile/format', 'decide'],
  run: [...TOOLS, 'lockfile/format', 'decide', 'results', 'execute', 'executor', 'lockfile'],
  verify: [...TOOLS, 'lockfile/format', 'compare', 'decide', 'execute', 'lockfile'],
  watch: [
    'error',
    'event',
    'lists',
    'pipeline',
    'sys',
    'code/trace-inputs',
    'code/project-paths',
    'decide',
    'run',
  ],
  page: [...TOOLS, 'lockfile/format', 'compare', 'decide', 'results', 'run', 'report/wording'],
  'page/client': [
    'json',
    'lists',
    'page/model',
    'report/wording',
    'results/comparison',
    'results/better',
    'results/repeats',
  ],
  report: ['stage', 'error', 'printable', 'json', 'event', 'compare', 'lists'],
  'report/live': ['stage', 'printable', 'event', 'report'],
  cli: [
    ...TOOLS,
    'convert',
    'noop',
    'lockfile/format',
    'compare',
    'decide',
    'executor',
    'lockfile',
    'results',
    'run',
    'verify',
    'watch',
    'report',
    'page',
  ],
  index: ['error', 'event', 'pipeline', 'decide', 'run'],
  main: ['error', 'system-message', 'printable', 'doc-pages', 'sys', 'cli', 'pipeline', 'decide'],
};

/** Each npm package enters the tool through one file. */
const PACKAGES: Readonly<Record<string, string>> = {
  yaml: 'src/pipeline/document/yaml.ts',
  zod: 'src/pipeline/document/pipeline-schema.ts',
  esbuild: 'src/code/esbuild.ts',
  execa: 'src/process/spawn-module.ts',
  'p-queue': 'src/execute/ready-queue.ts',
  chokidar: 'src/watch/file-watch.ts',
  preact: 'src/page/client/view.ts',
  'preact/hooks': 'src/page/client/view.ts',
  uplot: 'src/page/client/chart.tsx',
  '@dagrejs/dagre': 'src/page/client/graph-layout.ts',
};

/** Deciding code reads the disk only through `noop/read-set.ts`, which records each read. */
const DECIDING = /^src\/(?:decide|code|pipeline|lockfile)\//;

/**
 * The exceptions that import node:fs themselves, and why the read set still misses none of their
 * reads.
 */
const OWN_READS: Readonly<Record<string, readonly string[]>> = {
  'reads before there is a read set': ['pipeline/root'],
  'looks for hints of an error': ['pipeline/look-alike'],
  'its caller records what it reads': [
    'code/fs-snapshot',
    'pipeline/document/read-text',
    'pipeline/file-matches',
  ],
  'reads and writes pipeline.lock, which lockfile/up-to-date-note.ts covers': [
    'lockfile/lock-on-disk',
  ],
  'traces code: a run that traces marks its read set as incomplete': [
    'code/bundle',
    'code/collect-inputs',
    'code/opaque',
    'code/package',
    'code/plugin',
    'code/python/',
    'code/script-trace',
    'code/sourced',
    'code/trace',
    'code/tsconfig',
  ],
};

/** The experiment's own, in packages/. */
const PACKAGES_OF_STAGES = '@pipe-experiment/';

/** Allowed imports between them, by name. None may import stages/. */
const PACKAGE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  data: [],
  kernels: [],
  numerics: ['data'],
  fills: ['data', 'images', 'kernels', 'numerics'],
  images: ['data', 'numerics'],
  renderings: ['data'],
  networks: ['data', 'kernels', 'numerics'],
  pages: [],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
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
  // Text in a string is not an import of the file.
  return [...found]
    .filter((match) => !match[1]?.startsWith('${'))
    .map((match) => ({ from: file, specifier: match[1] as string }));
}

const imports = filesBelow('src').flatMap(importsOf);
const local = imports.filter(({ specifier }) => specifier.startsWith('.'));

function targetOf({ from, specifier }: Import): string {
  const file = path.join(path.dirname(from), specifier).replace(/\.js$/, '.ts');
  return existsSync(path.join(root, `${file}x`)) ? `${file}x` : file;
}

/** The folder of src/ that contains a file; for a file directly in src/, its name. */
function unitOf(file: string): string {
  const [, ...names] = file.split('/');
  return (names.length > 1 ? names.slice(0, -1).join('/') : names.join()).replace(/\.tsx?$/, '');
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
      const allowed = [unit, ...(MAY_IMPORT[unit] ?? [])];
      const name = target.replace(/^src\//, '').replace(/\.tsx?$/, '');
      return !allowed.some((one) => name === one || name.startsWith(`${one}/`));
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

  it('lets deciding code read the disk only through the read set', () => {
    const files = filesBelow('src').filter((file) => DECIDING.test(file));
    const reading = files.filter((file) =>
      /^import (?!type\b)[^;]*'node:fs(?:\/promises)?';/m.test(
        readFileSync(path.join(root, file), 'utf8'),
      ),
    );
    const allowed = Object.values(OWN_READS).flat();
    const strays = reading.filter(
      (file) => !allowed.some((name) => `${file.slice(0, -3)}/`.startsWith(`src/${name}`)),
    );
    expect(strays).toEqual([]);
    const behindIt = local.filter(
      (each) => each.from.startsWith('src/decide/') && targetOf(each) === 'src/sys/if-there.ts',
    );
    expect(behindIt).toEqual([]);
  });

  it('asks the system for real paths, not Node', () => {
    const asking = filesBelow('src').filter((file) =>
      /\brealpathSync\b/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(asking).toEqual(['src/sys/real-place.ts']);
  });

  it('makes folders with those above them by one function', () => {
    const making = filesBelow('src').filter((file) =>
      /\bmkdir(?:Sync)?\([^;]*\brecursive\b/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(making).toEqual([]);
  });

  it('touches the process only in the entry points', () => {
    const touching = filesBelow('src').filter((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      return /process\.(exit|argv|stdout|stdin|stderr|exitCode)\b/.test(text);
    });
    expect(touching).toEqual(['src/main.ts', 'src/process/fork-server.ts', 'src/stage/host.ts']);
  });
});

describe('the two halves', () => {
  it('never import each other, except pipe-run/stage', () => {
    const across = [
      ...imports.filter((each) => /^(stages|packages)\//.test(targetOf(each))),
      ...imports.filter((each) => each.specifier.startsWith(PACKAGES_OF_STAGES)),
      ...[...filesBelow('stages'), ...filesBelow('packages')]
        .filter((file) => !file.includes('node_modules'))
        .flatMap(importsOf)
        .filter(
          (each) =>
            targetOf(each).startsWith('src/') ||
            (/^pipe(-run)?(\/|$)/.test(each.specifier) && each.specifier !== 'pipe-run/stage'),
        ),
    ];
    expect(across).toEqual([]);
  });

  it('let the packages of the experiment import only where the table says', () => {
    const files = filesBelow('packages').filter((file) => !file.includes('node_modules'));
    const packageOf = (file: string) => file.split('/')[1] as string;
    const strays = files.flatMap(importsOf).filter((each) => {
      const { from, specifier } = each;
      if (specifier.startsWith('.'))
        return !targetOf(each).startsWith(`packages/${packageOf(from)}/`);
      if (!specifier.startsWith(PACKAGES_OF_STAGES)) return false;
      return !PACKAGE_MAY_IMPORT[packageOf(from)]?.includes(packageOf(specifier));
    });
    expect(strays).toEqual([]);
    expect([...new Set(files.map(packageOf))].sort()).toEqual(
      Object.keys(PACKAGE_MAY_IMPORT).sort(),
    );
  });

  it('have no cycle of files', () => {
    const graph = new Map<string, string[]>();
    for (const each of [...filesBelow('stages'), ...filesBelow('packages')].flatMap(importsOf)) {
      const { from, specifier } = each;
      const target = specifier.startsWith(PACKAGES_OF_STAGES)
        ? specifier.replace(PACKAGES_OF_STAGES, 'packages/').replace(/\.js$/, '.ts')
        : targetOf(each);
      graph.set(from, [...(graph.get(from) ?? []), target]);
    }
    expect(cyclesOf(graph)).toEqual([]);
  });
});

/** Each cycle once, from the file where the search found it. */
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
