/** A params file: what it makes stale, and which commands notice its change. */
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import type { Running } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';
import { standingIn } from '../rig/within.js';

const FILES = {
  'params.yaml': 'word: one\nother: x\n',
  'pipeline.yaml': `params: params.yaml
stages:
  say:
    cmd: echo \${word} > \${outs.o}
    outs: { o: said.txt }
  count:
    cmd: wc -c < \${deps.said} > \${outs.o}
    deps: { said: said.txt }
    params: [other]
    outs: { o: count.txt }
`,
};

const running: Running[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.kill('SIGINT');
    await each.ended;
  }
});

describe('a change in a params file', () => {
  it('runs only the items that use the changed params', async () => {
    const made = projectWithin(FILES);
    expect((await made.run()).with('ran')).toEqual(['say', 'count']);
    expect((await made.run()).with('fresh')).toEqual(['say', 'count']);
    made.write('params.yaml', 'word: one\nother: y\n');
    const { items } = await made.run();
    expect(items.say?.verdict).toBe('fresh');
    expect(items.count).toMatchObject({ verdict: 'ran', reason: 'param other x → y' });
    made.write('params.yaml', '# another layout\nother:   y\nword: one\n');
    expect((await made.run()).with('fresh')).toEqual(['say', 'count']);
  });

  it('ends the no-op answer', async () => {
    const made = projectWithin(FILES);
    await made.run();
    expect(await runUntilStill(made)).toBe(true);
    made.write('params.yaml', 'word: two\nother: x\n');
    expect(standingIn(made)).toBeUndefined();
    expect((await made.run()).with('ran')).toEqual(['say', 'count']);
    expect(made.read('said.txt')).toBe('two\n');
  });

  it('starts a run in watch mode, even if the file is new or was invalid', async () => {
    const made = projectWithin({ 'pipeline.yaml': FILES['pipeline.yaml'] });
    const watch = made.start('watch');
    running.push(watch);
    await watch.errorText((text) => text.includes('the file params.yaml does not exist'));
    await watch.text((text) => text.includes('pipe: watching'));
    made.write('params.yaml', FILES['params.yaml']);
    await watch.text((text) => text.includes('pipe: 2 ran'));
    made.write('params.yaml', 'word: [\n');
    await watch.errorText((text) => text.includes('params.yaml:1:7'));
    made.write('params.yaml', 'word: three\nother: x\n');
    await watch.text((text) => text.split('pipe: 2 ran').length === 3);
    expect(made.read('said.txt')).toBe('three\n');
  });

  it('is a difference for --frozen, and verify executes with its values', async () => {
    const made = projectWithin(FILES);
    await made.run();
    expect((await made.pipe('run', '--frozen')).code).toBe(0);
    expect((await made.pipe('verify')).code).toBe(0);
    made.write('params.yaml', 'word: two\nother: x\n');
    expect((await made.pipe('run', '--frozen')).code).toBe(3);
    expect((await made.pipe('run', '--frozen=keys')).code).toBe(3);
  });

  it("is shown by params diff, which reads the revision's file", async () => {
    const made = projectWithin(FILES);
    const git = (...args: string[]) => execFileSync('git', args, { cwd: made.root });
    git('init', '-q');
    git('add', 'pipeline.yaml', 'params.yaml');
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'first');
    made.write('params.yaml', 'word: two\nother: x\n');
    const { out } = await made.pipe('params', 'diff', '--json');
    expect(JSON.parse(out)).toEqual([{ where: '', name: 'word', before: 'one', now: 'two' }]);
  });
});
