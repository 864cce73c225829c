/** `pipe init`: a pipeline to start from, in an empty or an existing project. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Host } from '../decide/project.js';
import { userError } from '../error.js';
import { upward } from '../trace/place.js';
import { parse, type Usage } from './args.js';
import { type Command, EXIT } from './command.js';

const usage: Usage = {
  command: 'init',
  positionals: '',
  summary: 'Writes a small working pipeline.yaml and a stage, and adds cache/ to .gitignore.',
  options: [],
  strayHint: 'it writes to the current folder: cd to the project first',
};

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

export const command: Command = {
  usage,
  async run(argv, { host, terminal }) {
    parse(usage, argv);
    const at = (name: string) => path.join(host.cwd, name);
    const schema = `# yaml-language-server: $schema=${schemaPath(host)}\n`;
    const files = { 'pipeline.yaml': schema + PIPELINE, 'stages/letters.mjs': STAGE };
    for (const name of Object.keys(files)) {
      if (existsSync(at(name))) {
        throw userError(
          'already-there',
          `${name} is already there`,
          'pipe init overwrites nothing',
        );
      }
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), text);
      terminal.out(`wrote ${name}\n`);
    }
    if (ignoreCache(at('.gitignore'))) terminal.out('added cache/ to .gitignore\n');
    terminal.out('\nnow: pipe run\n');
    return EXIT.done;
  },
};

/**
 * Where an editor finds the schema, relative to the file: in a workspace, npm installs the package in a
 * folder above. Where it is not installed yet, as if it were installed here.
 */
function schemaPath({ cwd, dist }: Host): string {
  const manifest = readFileSync(path.join(dist, '..', 'package.json'), 'utf8');
  const { name } = JSON.parse(manifest) as { readonly name: string };
  const schema = `node_modules/${name}/dist/pipeline.schema.json`;
  const above = [...upward(cwd)].find((each) => existsSync(path.join(each, schema))) ?? cwd;
  const up = path.relative(cwd, above).split(path.sep).join('/');
  return `${up === '' ? '.' : up}/${schema}`;
}

/** False when it is ignored already. */
function ignoreCache(file: string): boolean {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (/^\/?cache\/?\s*$/m.test(text)) return false;
  appendFileSync(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}cache/\n`);
  return true;
}
