/** The executor that docs/guides/cluster.md describes, on a real Grid Engine, whose node has another host name. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GridEngine, missingForGridEngine, startGridEngine } from '../rig/grid-engine.js';
import type { Project } from '../rig/project.js';
import { project } from '../rig/projects.js';

const missing = missingForGridEngine();
const needs = missing.length > 0 ? ` (needs ${missing.join(', ')})` : '';

describe.skipIf(missing.length > 0)(`on Grid Engine${needs}`, { timeout: 200_000 }, () => {
  let engine: GridEngine;
  beforeAll(async () => {
    engine = await startGridEngine();
  }, 60_000);
  afterAll(() => engine?.stop());

  /** With the description of the page, and its programs in the namespaces of Grid Engine. */
  function onGridEngine(pipeline: string): Project {
    const page = readFileSync(new URL('../../docs/guides/cluster.md', import.meta.url), 'utf8');
    const site = /```yaml\n(executors:\n[\s\S]*?)```/.exec(page)?.[1] ?? '';
    const made = project({
      'pipeline.yaml': pipeline,
      'pipe.local.yaml': site
        .replace(/\bq(?:sub|stat|del) /g, (program) => `${engine.inside} ${program}`)
        .replace('setup: module load cuda', 'latency: 5s'),
    });
    Object.assign(made.env, engine.env, { PIPE_EXECUTOR: 'sge' });
    return made;
  }

  it('runs a matrix and its dependents, and shows a failure with its log', async () => {
    const made = onGridEngine(`stages:
  draw:
    matrix: { n: [1, 2, 3] }
    cmd: echo "$NSLOTS $(hostname)" > \${outs.o}
    outs: { o: "out/\${n}.txt" }
    resources: { cpu: 2, time: 5m }
  sum: { cmd: cat out/*.txt > sum.txt, deps: ["out/*.txt"], outs: [sum.txt] }
  bad: { cmd: echo oh no; exit 4, outs: [bad.txt] }
`);
    const run = await made.run('-k');
    expect([run.code, run.with('ran'), run.with('failed')], run.out + run.err).toEqual([
      1,
      ['draw@1', 'draw@2', 'draw@3', 'sum'],
      ['bad'],
    ]);
    expect(run.items.bad?.failure).toMatchObject({ exitCode: 4, tail: ['oh no'] });
    expect(made.read('sum.txt')).toBe('2 sge\n2 sge\n2 sge\n');
  });

  it('cancels its jobs on Ctrl-C, and finds those of a killed run', async () => {
    const made = onGridEngine(
      'stages: { a: { cmd: "echo x >> ran.log; until test -e go; do sleep 0.1; done; touch a.txt", outs: [a.txt] } }\n',
    );
    const first = made.start('run', '--json');
    await first.event((event) => event.type === 'start');
    first.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    const second = made.start('run', '--json');
    await second.event((event) => event.type === 'start');
    second.kill('SIGKILL');
    await second.ended;
    expect((await made.pipe('status')).out).toMatch(/^a +stale +running on sge, sge job \d+$/m);
    made.write('go', '');
    const third = await made.run();
    expect([third.code, made.lines('ran.log')], third.out + third.err).toEqual([0, ['x', 'x']]);
  });

  it('detaches with --detach, and the next run takes the results', async () => {
    const made = onGridEngine(`stages:
  a: { cmd: echo x > a.txt, outs: [a.txt] }
  b: { cmd: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt] }
`);
    const left = await made.run('--detach');
    expect(left.with('submitted'), left.out + left.err).toEqual(['a', 'b']);
    const run = await made.run();
    expect([run.code, made.read('b.txt')], run.out + run.err).toEqual([0, 'x\n']);
  });
});
