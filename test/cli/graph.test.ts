/** `pipe graph` and `pipe params` on a real project. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { ProjectWithin } from '../rig/within.js';

const PIPELINE = `params:
  names: [x, y]
  greeting: { word: hello, times: 2 }
profiles:
  loud: { greeting: { word: HELLO } }
stages:
  make:
    matrix: { name: "\${names}" }
    cmd: echo \${greeting.word} \${name} > \${outs.out}
    outs: { out: "cache/out/\${name}.txt" }
  join:
    cmd: cat \${deps.all} > \${outs.all}
    deps: { all: "cache/out/*.txt" }
    outs: { all: all.txt }
`;

let project: Project;
beforeEach(() => {
  project = new ProjectWithin({ 'pipeline.yaml': PIPELINE });
});
afterEach(() => project.dispose());

async function out(...args: string[]): Promise<string> {
  const { code, out: text, err } = await project.pipe(...args);
  expect([code, err]).toEqual([0, '']);
  return text;
}

describe('pipe graph', () => {
  it("shows the stages with their items' states, before and after a run", async () => {
    expect(await out('graph')).toBe('○  make ×2  stale\n●  join     unknown\n');
    await out('run');
    expect(await out('graph')).toBe('○  make ×2  fresh\n●  join     fresh\n');
    project.write('cache/out/x.txt', 'edited\n');
    expect(await out('graph')).toBe('○  make ×2  1 restorable, 1 fresh\n●  join     fresh\n');
    expect(await out('graph', '--set', 'greeting.word=hi')).toContain('make ×2  stale');
  });

  it('shows items; with names, only these and what they need', async () => {
    expect(await out('graph', '--items')).toBe(
      '○    make@x  stale\n│ ○  make@y  stale\n●─┘  join    unknown\n',
    );
    expect(await out('graph', '--items', 'make@y')).toBe('○  make@y  stale\n');
  });

  it('prints JSON, Mermaid and Graphviz', async () => {
    expect(JSON.parse(await out('graph', '--json'))).toEqual([
      { name: 'make', items: 2, state: 'stale', states: { stale: 2 }, needs: [] },
      { name: 'join', items: 1, state: 'unknown', states: { unknown: 1 }, needs: ['make'] },
    ]);
    expect(await out('graph', '--mermaid')).toContain('n0["make ×2<br/>stale"]:::stale');
    expect(await out('graph', '--dot')).toContain('n0 -> n1;');
    const { code, err } = await project.pipe('graph', '--dot', '--json');
    expect([code, err]).toEqual([
      2,
      'error: --dot and --json cannot be combined (option-conflict)\n  run the command once for each form\n',
    ]);
  });

  it('shows a pipeline whose stages do not exist yet, and reports what is missing', async () => {
    project.write('pipeline.yaml', `${PIPELINE}  last: { run: last.ts, deps: [all.txt] }\n`);
    const { code, out: text, err } = await project.pipe('graph');
    expect([code, text]).toEqual([0, '○  make ×2\n●  join\n●  last\n']);
    expect(err).toContain('the module last.ts does not exist (stage-not-found)');
    expect(err).toContain('warning: the states of the items are unknown because of these errors\n');
  });

  it('writes nothing', async () => {
    await out('graph');
    const { summary } = await project.run();
    expect(summary).toMatchObject({ ran: 3, fresh: 0, restored: 0 });
  });
});

describe('pipe params', () => {
  it('prints each value and its origin', async () => {
    expect(await out('params', '--profile', 'loud', '--set', 'greeting.times=3')).toBe(
      `names           ["x","y"]  pipeline.yaml:2
greeting.word   HELLO      profile loud, pipeline.yaml:5
greeting.times  3          --set greeting.times=3
`,
    );
  });

  it('prints only the named params, and JSON', async () => {
    expect(await out('params', 'greeting.word')).toBe('greeting.word  hello  pipeline.yaml:3\n');
    expect(JSON.parse(await out('params', 'greeting', '--json'))).toEqual([
      { path: 'greeting.word', value: 'hello', origin: 'pipeline.yaml:3' },
      { path: 'greeting.times', value: 2, origin: 'pipeline.yaml:3' },
    ]);
  });

  it('suggests the closest param, and works despite errors in the stages', async () => {
    const { code, err } = await project.pipe('params', 'greting');
    expect([code, err]).toEqual([
      2,
      'error: there is no param "greting" (unknown-param)\n  did you mean "greeting"?\n',
    ]);
    project.write('pipeline.yaml', PIPELINE.replace('deps.all}', 'deps.al}'));
    expect(await out('params', 'names')).toBe('names  ["x","y"]  pipeline.yaml:2\n');
  });
});

describe('pipe schema', () => {
  it('prints the JSON Schema that editors use', async () => {
    const schema = JSON.parse(await out('schema')) as { title: string; required: string[] };
    expect(schema.title).toBe('pipeline.yaml');
    expect(schema.required).toEqual(['stages']);
  });
});
