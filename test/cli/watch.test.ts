import { renameSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { outcomeOf, Project, type Running } from '../rig/project.js';

const projects: Project[] = [];
const watching: Running[] = [];

function project(files: Readonly<Record<string, string>>): Project {
  const made = new Project(files);
  projects.push(made);
  return made;
}

afterEach(async () => {
  for (const each of watching.splice(0)) {
    each.kill('SIGTERM');
    await each.ended;
  }
  for (const each of projects.splice(0)) each.dispose();
});

const UPPER = `
params: { suffix: x }
stages:
  upper:
    cmd: echo ran >> ran.txt; tr a-z A-Z < in.txt > \${outs.out}; echo \${suffix} >> \${outs.out}
    deps: [in.txt]
    outs: { out: out.txt }
`;

function watch(made: Project): Running {
  const running = made.start('watch', '--json');
  watching.push(running);
  return running;
}

describe('pipe watch', () => {
  it('runs at once, and again when an input changes', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('in.txt', 'two\n');
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('TWO\nx\n');
    expect(made.lines('ran.txt')).toHaveLength(2);
  });

  it('sees a file that an editor replaces, and a changed pipeline.yaml', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('in.txt~', 'three\n');
    renameSync(made.path('in.txt~'), made.path('in.txt'));
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('THREE\nx\n');
    made.write('pipeline.yaml', UPPER.replace('suffix: x', 'suffix: y'));
    await summaries(running, 3);
    expect(made.read('out.txt')).toBe('THREE\ny\n');
  });

  it('is not woken by what stages write, nor by files that nobody names', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('unrelated.txt', 'x');
    made.write('in.txt', 'two\n');
    await summaries(running, 2);
    made.write('in.txt', 'three\n');
    await summaries(running, 3);
    running.kill('SIGTERM');
    const { out } = await running.ended;
    expect(outcomeOf(out).events.filter((event) => event.type === 'summary')).toHaveLength(3);
  });

  it('shows what is wrong with a broken pipeline.yaml, and goes on when it is mended', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('pipeline.yaml', UPPER.replace('outs:', 'out:'));
    await running.errorText((text) => text.includes('did you mean "outs"?'));
    made.write('pipeline.yaml', UPPER.replace('suffix: x', 'suffix: z'));
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('ONE\nz\n');
  });

  it('stops an item that became stale while it runs, and starts it anew', async () => {
    const made = project({
      'in.txt': 'wait\n',
      'pipeline.yaml': `
stages:
  slow:
    cmd: cp in.txt seen.txt; while [ "$(cat seen.txt)" = wait ]; do sleep 0.05; done; cp seen.txt out.txt
    deps: [in.txt]
    outs: [out.txt]
`,
    });
    const running = watch(made);
    while (made.lines('seen.txt')[0] !== 'wait') await new Promise(setImmediate);
    made.write('in.txt', 'go\n');
    await running.event((event) => event.type === 'item' && event.verdict === 'ran');
    expect(made.read('out.txt')).toBe('go\n');
    expect(
      (await running.event((event) => event.type === 'item' && event.verdict === 'cancelled')).type,
    ).toBe('item');
  });
});

/** Resolves when so many runs have ended. */
async function summaries(running: Running, count: number): Promise<void> {
  await running.events(
    (events) => events.filter((event) => event.type === 'summary').length >= count,
  );
}
