/**
 * Every code block of the pages is executed or checked here or in a test named here, or is listed
 * with a reason.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { parse as parseArguments } from '../../src/cli/args.js';
import { COMMANDS, commandNamed } from '../../src/cli/commands.js';
import { inFolder } from '../../src/cli/folder.js';
import { STAGE_KEYS } from '../../src/pipeline/document/pipeline-schema.js';
import { checkOcclusion } from '../../stages/lib/occlusions.js';
import { parseSource } from '../../stages/lib/sources/parse.js';
import { planOf } from '../pipeline/rig.js';
import { type Block, blocksOf, PAGES, pageOf, ROOT } from './support/pages.js';
import { stepsOf } from './support/walkthrough.js';

/** Pages, or blocks by page and first line, that another test checks. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/command-line.md: prep: ran in 12 s': 'test/report/live/lines.test.ts',
  'docs/errors.md': 'test/docs/errors.test.ts',
  'docs/getting-started.md': 'test/slow/docs/getting-started.test.ts',
  'docs/reference/api.md': 'test/slow/docs/api.test.ts',
  'docs/reference/commands.md': 'test/docs/reference.test.ts',
  'docs/stage-protocol.md: /** `train`: a model': 'test/cli/stage-types.test.ts',
  'docs/guides/questions.md': 'test/slow/examples/sweep.test.ts',
  'docs/guides/cluster.md: slurm:': 'test/executor/site.test.ts',
  'docs/guides/cluster.md: executors:': 'test/executor/site.test.ts',
  'docs/guides/cluster.md: #!/bin/bash': 'test/slow/cli/slurm.test.ts',
  'README.md: $ pipe run                 # what is stale, in parallel':
    'test/slow/docs/packed.test.ts',
};

/** Blocks that nothing executes, by page and first line. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'README.md: $ npm ci && npm pack': 'installs over the network',
  'README.md: $ npm install ../clone': 'installs over the network',
  'docs/development.md: $ node -p': 'reads a record by a name that is cut short',
  'docs/development.md: $ node --cpu-prof': 'writes a profile',
  'docs/experiment/gpu.md: npm install --no-save': 'downloads TensorFlow',
  'docs/experiment/gpu.md: node stages/install-tensorflow.mjs': 'downloads TensorFlow',
  'docs/experiment/gpu.md: npm rebuild --ignore-scripts=false': 'downloads TensorFlow',
  'docs/python.md: $ pip install /path': 'installs over the network',
  'docs/guides/cluster.md: $ export PIPE_EXECUTOR': 'sets variables',
  'docs/guides/cluster.md: $ sbatch': 'needs a cluster',
  'docs/guides/ci.md: default:': 'a block of pipeline.lock with its digests cut short',
  'docs/cache.md: train: results is not a result': 'a message, with the time of its day',
  'docs/cache.md: train: waiting: another run': 'a message, with the process of its day',
  'docs/cache.md: cache: removed 12 results': 'a message, with the sizes of its day',
  'docs/sharing.md: [profile lab]': 'a file of the AWS tools',
  'docs/sharing.md: map $http_authorization':
    'nginx as test/remote/servers.ts starts it, but for TLS',
  'docs/sharing.md: env:': 'a part of a GitHub workflow',
  'docs/code-tracing.md: packages/images/ssim.ts changed':
    'reasons, with the files of a separate project',
  'docs/code-tracing.md: scripts/lib/net.py changed':
    'a reason, with the files of a separate project',
  'docs/code-tracing.md: stages/plot.ts:2:24: error:':
    'a message; its texts are in test/code/mistakes.test.ts',
};

const nameOf = ({ file, text }: Block) => `${file}: ${text.slice(0, text.indexOf('\n'))}`;
const isIn = (list: Readonly<Record<string, string>>, block: Block) =>
  Object.keys(list).some((key) => block.file === key || nameOf(block).startsWith(key));

const blocks = PAGES.flatMap(blocksOf);
const open = blocks.filter((block) => !isIn(ELSEWHERE, block) && !isIn(NOT_RUN, block));
const written = (language: string) =>
  open
    .filter((block) => block.language === language)
    .map((block) => ({ ...block, name: `${block.file}:${block.line}` }));

const folder = mkdtempSync(path.join(tmpdir(), 'pipe-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('every block is checked by its language, by another test, or listed with a reason', () => {
  const languages = ['yaml', 'json', 'ts', 'python', 'sh', 'console'];
  expect(open.filter(({ language }) => !languages.includes(language)).map(nameOf)).toEqual([]);
  const used = (list: Readonly<Record<string, string>>) =>
    Object.keys(list).filter((key) => !blocks.some((block) => isIn({ [key]: '' }, block)));
  expect([...used(ELSEWHERE), ...used(NOT_RUN)]).toEqual([]);
  for (const test of Object.values(ELSEWHERE)) readFileSync(path.join(ROOT, test));
});

it('no block is written by indentation, where no test would find it', () => {
  const indented = PAGES.filter(({ text }) =>
    /\n\n {4}\S/.test(text.replace(/^```[\s\S]*?^```$/gm, '')),
  ).map(({ file }) => file);
  expect(indented).toEqual([]);
});

/** Files that parts of a pipeline read, and the names by which they do. */
const files = {
  'params.yaml': '',
  'conf/model.json': '{}',
  'cities.txt': 'Oslo\n',
  'data/a.fastq': '',
};
const FILES = /params\.yaml|cities\.txt|\.fastq/;

/** A part of a pipeline, put where it belongs. */
function pipelineOf(part: string): string {
  const [key = ''] = /^\w+/m.exec(part) ?? [];
  if (/^stages:/m.test(part)) return part;
  if (key === 'params' || key === 'remote') return `${part}stages: { part: { cmd: "true" } }\n`;
  if (!STAGE_KEYS.includes(key)) throw new Error(`"${key}" is not a key of a stage`);
  const own = part.replace(/^/gm, '    ');
  const rest = ['cmd: "true"', 'outs: [cache/out/x]', 'epochs: 3']
    .filter((line) => !line.startsWith(`${key}:`))
    .map((line) => `    ${line}\n`);
  return `params: { train: { epochs: 3 } }\nstages:\n  part:\n${own}\n${rest.join('')}`;
}

/** The parts of pipeline.yaml that only the stages of the experiment interpret. */
function checkExperiment(part: string): void {
  const tree = parseYaml(part.replaceAll('…', 'a'.repeat(64)));
  expect(Object.keys(tree)).toHaveLength(1);
  for (const [name, value] of Object.entries(tree.sources ?? {})) parseSource(value, name);
  for (const [name, value] of Object.entries(tree.occlusions ?? {}))
    checkOcclusion(value, name, 100);
}

describe('yaml', () => {
  it.each(written('yaml'))('$name is a pipeline, or a part of one', ({ file, text }) => {
    if (/^(sources|occlusions):/.test(text)) {
      expect(file).toBe('docs/experiment/data.md');
      checkExperiment(text);
    } else planOf(pipelineOf(text), FILES.test(text) ? { files } : {});
  });
});

describe('json', () => {
  it.each(written('json'))('$name is JSON', ({ text }) => {
    JSON.parse(text);
  });
});

/** Names that the excerpts of stages do not define. */
const ASSUMED = `interface Model { save(folder: string): void; export(file: string): Promise<void> }
declare function loadOrCreate(state: string | undefined): Promise<Model>;
declare function trainOneEpoch(model: Model, data: string, rate: number): Promise<number>;
`;

it('ts blocks have their types', () => {
  const modules = written('ts');
  expect(modules.length).toBeGreaterThan(1);
  const installed = path.join(folder, 'node_modules');
  mkdirSync(installed);
  symlinkSync(ROOT, path.join(installed, 'pipe-run'));
  symlinkSync(path.join(ROOT, 'node_modules/@types'), path.join(installed, '@types'));
  for (const [at, { text }] of modules.entries())
    writeFileSync(path.join(folder, `${at}.ts`), `${text}\n${ASSUMED}`);
  // Those of getting-started.md import each other by their names.
  for (const step of stepsOf(pageOf('docs/getting-started.md').text)) {
    if (!('file' in step && step.file.endsWith('.ts'))) continue;
    mkdirSync(path.dirname(path.join(folder, step.file)), { recursive: true });
    writeFileSync(path.join(folder, step.file), step.text);
  }
  const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', types: ['node'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const tsc = [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'];
  const { stdout } = spawnSync(process.execPath, tsc, { cwd: folder, encoding: 'utf8' });
  expect(stdout).toBe('');
});

const python = written('python');
it.runIf(spawnSync('python3', ['--version']).status === 0)('python blocks compile', () => {
  expect(python.length).toBeGreaterThan(2);
  const script =
    'import json, sys\nfor name, text in json.load(sys.stdin): compile(text, name, "exec")';
  const input = JSON.stringify(python.map(({ name, text }) => [name, text]));
  const { stderr } = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
  expect(stderr).toBe('');
});

/**
 * Calls of pipe are checked together with those in sentences, because they would run the pipeline
 * of the page.
 */
const scripts = written('sh').filter(({ text }) => !/^(npx )?pipe /.test(text));

describe('sh', () => {
  it.each(scripts)('$name is a script of examples/, or runs in a stage', ({ text }) => {
    if (text.startsWith('#!')) {
      const files = ['epochs-shell/train.sh'].map((file) => path.join(ROOT, 'examples', file));
      expect(files.map((file) => readFileSync(file, 'utf8'))).toContain(text);
      return;
    }
    const env = { ...process.env, PIPE_PROGRESS: path.join(folder, 'progress') };
    const shell = spawnSync('sh', ['-e', '-c', text], { env, cwd: folder, encoding: 'utf8' });
    expect([shell.status, shell.stderr]).toEqual([0, '']);
  });
});

/** The words of a command line as a shell splits them, as far as our pages need it. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare!,
  );
}

const CALL = '(?:[A-Z_]+=\\S+ )*(?:npx )?pipe';

/** Every call of pipe that a page shows, in a block or within a sentence. */
const CALLS = PAGES.filter(({ file }) => file !== 'CHANGELOG.md').flatMap((page) => {
  const lines = blocksOf(page).flatMap(({ language, text }) => {
    const prompt = { console: '\\$ ', sh: '' }[language];
    if (prompt === undefined) return [];
    return [...text.matchAll(new RegExp(`^${prompt}(${CALL} .*?)(?: +#.*)?$`, 'gm'))];
  });
  const inline = [...page.text.matchAll(new RegExp(`\`(${CALL} [^\`]*)\``, 'g'))];
  const calls = new Set([...lines, ...inline].map(([, call]) => call!));
  return [...calls].map((call) => ({ file: page.file, call }));
});

it('a console block that does not call pipe is listed with a reason', () => {
  const others = written('console').filter(
    ({ text }) => !new RegExp(`^\\$ ${CALL} `, 'm').test(text),
  );
  expect(others.map(({ name }) => name)).toEqual([]);
});

describe('calls of pipe', () => {
  it.each(CALLS)('$file: $call names a command and options that exist', async ({ call }) => {
    const [own = ''] = call.replace(new RegExp(`^${CALL} `), '').split(/ >+ /);
    const written = wordsOf(own);
    const [name = '', ...args] = inFolder(written).words;
    if (name.startsWith('-') || name === '<command>' || name === 'help') return;
    if (!Object.hasOwn(COMMANDS, name)) throw new Error(`no command ${name}`);
    const usage = await commandNamed(name);
    // A form with its choices, such as `diff [revision]`, is not one call.
    if (/[<[…|]/.test(call)) return;
    // A sentence may name an option without its value.
    const last = usage.options.find((option) => `--${option.name}` === args.at(-1));
    await parseArguments(usage, last?.value === undefined ? args : [...args, 'value']);
  });
});
