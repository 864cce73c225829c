/** `pipe init`: writes a first pipeline, in an empty or an existing project. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { upward } from '../code/project-paths.js';
import type { Host } from '../decide/project.js';
import { userError } from '../error.js';
import { PIPELINE_FILE } from '../pipeline/root.js';
import { makeFolder } from '../sys/make-folder.js';
import type { Command } from './command.js';
import { firstStage } from './first-stage.js';

const PIPELINE = `shell: bash

params:
  greeting: hello
  names: [ada, grace]

stages:
  greet:
    desc: one greeting for each name
    matrix: { name: "\${names}" }
    cmd: printf '%s, %s\\n' "\${greeting}" "\${name}" > \${outs.text}
    outs: { text: "cache/out/greet/\${name}.txt" }

  letters:
    desc: counts the letters of all greetings
    run: stages/letters.mjs
    deps: { texts: cache/out/greet/*.txt }
    metrics: { counts: cache/out/letters.json }
`;

const STAGE = `import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defineStage } from 'pipe-run/stage';

export default defineStage(async ({ deps, outs, progress }) => {
  const counts = {};
  for (const [at, file] of deps.texts.entries()) {
    counts[basename(file, '.txt')] = readFileSync(file, 'utf8').replace(/[^a-z]/gi, '').length;
    progress(at + 1, deps.texts.length, 'files');
  }
  writeFileSync(outs.counts, JSON.stringify(counts));
});
`;

interface Start {
  /** The text of each file. */
  readonly files: Readonly<Record<string, string>>;
  /** Notes for the user. */
  readonly notes: readonly string[];
  readonly next: string;
}

export const command: Command = {
  command: 'init',
  positionals: '',
  summary:
    'Writes a pipeline.yaml to start from, and adds cache/, pipe.local.yaml, and an installed node_modules/ or .venv/ to .gitignore.',
  options: [
    { name: 'from', value: 'dvc.yaml', help: 'translate a DVC pipeline; change no script' },
  ],
  notes:
    'In an empty project, it writes a small example. If there is a Snakefile, a Makefile or a Python\nscript, it writes a first stage that runs it.',
  strayHint: 'it writes to the current folder: cd to the project first',
  async run(parsed, { host, terminal }) {
    const from = parsed.text('from');
    const at = (name: string) => path.join(host.cwd, name);
    refuseOverwrite(PIPELINE_FILE, at);
    const { files, notes, next } = await startOf(from, host);
    for (const name of Object.keys(files)) refuseOverwrite(name, at);
    for (const [name, text] of Object.entries(files)) {
      makeFolder(path.dirname(at(name)));
      const head =
        name === PIPELINE_FILE ? `# yaml-language-server: $schema=${schemaPath(host)}\n` : '';
      writeFileSync(at(name), head + text);
      terminal.out(`wrote ${name}\n`);
    }
    const ignored = ignore(host.cwd);
    if (ignored.length > 0) terminal.out(`added to .gitignore: ${ignored.join(', ')}\n`);
    for (const note of notes) terminal.out(`note: ${note}\n`);
    terminal.out(`\nnext: ${next}\n`);
  },
};

function refuseOverwrite(name: string, at: (name: string) => string): void {
  if (existsSync(at(name)))
    throw userError(
      'already-there',
      `${name} already exists`,
      'pipe init overwrites nothing: remove the file, or use another folder',
    );
}

async function startOf(from: string | undefined, { cwd, env }: Host): Promise<Start> {
  // Of npm exec, which is npx: the shell does not find a command in node_modules.
  const pipe = env.npm_command === 'exec' ? 'npx pipe' : 'pipe';
  if (from !== undefined) {
    const { translate } = await import('./translate.js');
    const { text, notes } = translate(from, cwd);
    return { files: { [PIPELINE_FILE]: text }, notes, next: `${pipe} run --dry` };
  }
  if (existsSync(path.join(cwd, 'dvc.yaml')))
    throw userError(
      'dvc-project',
      'this folder contains a dvc.yaml',
      'to translate it: pipe init --from dvc.yaml',
    );
  const first = firstStage(cwd);
  if (first === undefined)
    return {
      files: { [PIPELINE_FILE]: PIPELINE, 'stages/letters.mjs': STAGE },
      notes: [],
      next: `${pipe} run`,
    };
  const next = `complete deps and outs in pipeline.yaml, then: ${pipe} run`;
  return { files: { [PIPELINE_FILE]: first.text }, notes: [`assumed that ${first.assumed}`], next };
}

/**
 * Path of the schema relative to the file: npm installs a workspace's packages in a folder above. If
 * it is not installed yet, the path after an installation here.
 */
function schemaPath({ cwd, dist }: Host): string {
  const manifest = readFileSync(path.join(dist, '..', 'package.json'), 'utf8');
  const { name } = JSON.parse(manifest) as { readonly name: string };
  const schema = `node_modules/${name}/dist/pipeline.schema.json`;
  const above = [...upward(cwd)].find((each) => existsSync(path.join(each, schema))) ?? cwd;
  const up = path.relative(cwd, above).split(path.sep).join('/');
  return `${up === '' ? '.' : up}/${schema}`;
}

/** The cache, and what belongs to one site (docs/guides/cluster.md). */
const IGNORED = ['cache/', 'pipe.local.yaml'];

/** Ignored where they are. */
const INSTALLED = ['node_modules/', '.venv/'];

/** Returns the patterns that were not ignored before. */
function ignore(folder: string): readonly string[] {
  const file = path.join(folder, '.gitignore');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const present = new Set(text.split('\n').map((line) => line.trim().replace(/^\/|\/$/g, '')));
  const installed = INSTALLED.filter((name) => existsSync(path.join(folder, name)));
  const wanted = [...IGNORED, ...installed];
  const added = wanted.filter((name) => !present.has(name.replace(/\/$/, '')));
  const start = text === '' || text.endsWith('\n') ? '' : '\n';
  if (added.length > 0) appendFileSync(file, `${start}${added.join('\n')}\n`);
  return added;
}
