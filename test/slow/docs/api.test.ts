/** docs/reference/api.md, run from the packed tarball in a folder that has nothing else. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked } from '../../rig/packed.js';
import { Project, surroundings } from '../../rig/project.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = readFileSync(join(root, 'docs/reference/api.md'), 'utf8');
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)![1]!;

const TOTAL = `import { readFileSync, writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';

export default defineStage(({ deps, outs }) => {
  const numbers = deps.lengths.map((file) => Number(readFileSync(file, 'utf8')));
  writeFileSync(outs.sum, String(numbers.reduce((a, b) => a + b)));
});
`;

let project: Project;

beforeAll(() => {
  project = new Project({
    'package.json': '{ "type": "module" }',
    'pipeline.yaml': block('yaml'),
    'total.ts': TOTAL,
    'run.js': block('js'),
  });
  installPacked(project);
});
afterAll(() => project.dispose());

function node(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project.root,
    env: surroundings(project.env),
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

describe('the packed package', () => {
  it('runs the pipeline of docs/reference/api.md with its program: work, a failing item, events', () => {
    const { code, out, err } = node('run.js');
    expect(err).toBe('');
    expect(code).toBe(0);
    const lines = out.split('\n');
    const started = lines.filter((line) => line.startsWith('start '));
    expect(started.sort()).toEqual(
      ['check', 'count@one', 'count@three', 'count@two', 'total'].map((item) => `start ${item}`),
    );
    expect(lines.filter((line) => !line.startsWith('start ')).join('\n')).toBe(block('text'));
    expect(project.read('sum.txt')).toBe('11');

    // The command of the same package agrees, and computes nothing again.
    const bin = project.path('node_modules/pipe-run/bin/pipe.cjs');
    expect(node(bin, 'run', 'count', 'total').out).toBe('pipe: 0 ran, 0 restored, 4 fresh\n');
  });

  it('throws a user error with its place, accepts the options of the command line, and ends a run by its signal', () => {
    project.write(
      'mistaken.js',
      `import { renderDiagnostic, run, UserError } from 'pipe-run';
const error = await run({ targets: ['cuont'] }).catch((error) => error);
console.log(error instanceof UserError, error.diagnostics.map(renderDiagnostic).join());
const elsewhere = await run({ executor: 'sge' }).catch((error) => error);
console.log(elsewhere.diagnostics[0].code);
const stop = new AbortController();
const { summary } = await run({
  targets: ['endless'],
  signal: stop.signal,
  onEvent: (event) => event.type === 'start' && stop.abort(),
});
console.log(summary.cancelled);
`,
    );
    project.write(
      'pipeline.yaml',
      `${block('yaml')}  endless: { cmd: sleep 600, outs: [cache/out/never] }\n`,
    );
    const { code, out, err } = node('mistaken.js');
    expect(err).toBe('');
    expect(out).toMatch(/^true error: .*cuont.*did you mean "count"\?\nunknown-executor\n1\n$/s);
    expect(code).toBe(0);
  });

  it('gives the program its types', () => {
    const types = (module: string) => {
      project.write('types.ts', module);
      const options = ['--strict', '--noEmit', '--module', 'nodenext', '--pretty', 'false'];
      return node(join(root, 'node_modules/typescript/bin/tsc'), ...options, 'types.ts').out;
    };
    const module = `import type { RunEvent, RunRequest, RunResult } from 'pipe-run';
import { run } from 'pipe-run';
const request: RunRequest = { set: ['a=1'], onEvent: (event: RunEvent) => event.type };
export const ended: Promise<RunResult> = run(request);
`;
    expect(types(module)).toBe('');
    expect(types(module.replace('set:', 'sett:'))).toContain("'sett' does not exist");
  });
});
