/**
 * Planning: `node bench/planning.mjs`. A dry run of 100, 1,000 and 10,000 items, as stages and as one
 * matrix, without a kept plan, compared with \`node empty.cjs\`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inTurn, temporaryFolder } from './lib/measure.mjs';
import { PIPE, trivialItems } from './lib/projects.mjs';

const SIZES = [100, 1_000, 10_000];
const work = temporaryFolder();
writeFileSync(path.join(work, 'empty.cjs'), '');
const commands = [
  { name: 'node', cwd: work, argv: [process.execPath, path.join(work, 'empty.cjs')] },
];
for (const size of SIZES) {
  commands.push(dryRun(`stages ${size}`, trivialItems(path.join(work, `stages-${size}`), size)));
  commands.push(dryRun(`matrix ${size}`, matrix(path.join(work, `matrix-${size}`), size)));
}
const results = inTurn(commands);
const node = results.get('node');
console.log(
  '## Planning\n\n`node bench/planning.mjs`: CPU time of a dry run without a stored plan, minus the start of Node\n',
);
console.log(
  '| items | as stages, ms | µs an item | as a matrix, ms | µs an item |\n|---|---|---|---|---|',
);
for (const size of SIZES) {
  const cells = ['stages', 'matrix'].map((kind) => {
    const seconds = results.get(`${kind} ${size}`).cpu - node.cpu;
    return `${Math.round(seconds * 1000)} | ${Math.round((seconds * 1e6) / size)}`;
  });
  console.log(`| ${size.toLocaleString('en')} | ${cells.join(' | ')} |`);
}
console.log('\nGoal: grows linearly.\n');

function dryRun(name, cwd) {
  const plans = path.join(cwd, 'cache/v1/plans');
  return {
    name,
    cwd,
    argv: [process.execPath, PIPE, 'run', '--dry'],
    prepare: () => rmSync(plans, { recursive: true, force: true }),
  };
}

function matrix(folder, items) {
  mkdirSync(folder, { recursive: true });
  const axis = Array.from({ length: items / 10 }, (_, at) => at);
  writeFileSync(
    path.join(folder, 'pipeline.yaml'),
    `stages:\n  s:\n    matrix: { a: [${axis}], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }\n    cmd: 'echo x > out/\${a}-\${b}'\n    outs: ["out/\${a}-\${b}"]\n`,
  );
  return folder;
}
