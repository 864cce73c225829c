/** An axis from files: each command notices a new file as a new item. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Running } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';
import { standingIn } from '../rig/within.js';

const FILES = {
  'data/a.txt': 'a\n',
  'data/b.txt': 'b\n',
  'names.txt': 'one\n',
  'pipeline.yaml': `stages:
  count:
    matrix: { sample: { glob: "data/*.txt", strip: .txt } }
    cmd: wc -c < \${deps.text} > \${outs.o}
    deps: { text: "data/\${sample}.txt" }
    outs: { o: "cache/out/\${sample}" }
  say:
    matrix: { name: { lines: names.txt } }
    cmd: echo \${name} > \${outs.o}
    outs: { o: "cache/out/\${name}.said" }
`,
};

const running: Running[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.kill('SIGINT');
    await each.ended;
  }
});

describe('files as an axis', () => {
  it('become items: a new file runs, the others stay fresh, and a deleted one disappears', async () => {
    const made = projectWithin(FILES);
    expect((await made.run()).with('ran')).toEqual(['count@a', 'count@b', 'say@one']);
    made.write('data/c.txt', 'c\n');
    made.write('names.txt', '# who\none\ntwo\n');
    const more = await made.run();
    expect(more.with('ran')).toEqual(['count@c', 'say@two']);
    expect(more.with('fresh')).toEqual(['count@a', 'count@b', 'say@one']);
    made.remove('data/a.txt');
    expect(Object.keys((await made.run()).items)).not.toContain('count@a');
  });

  it('end the no-op answer when a file is added or a line changes', async () => {
    const made = projectWithin(FILES);
    await made.run();
    expect(await runUntilStill(made)).toBe(true);
    made.write('data/c.txt', 'c\n');
    expect(standingIn(made)).toBeUndefined();
    expect((await made.run()).with('ran')).toEqual(['count@c']);
    expect(await runUntilStill(made)).toBe(true);
    made.write('names.txt', 'two\n');
    expect(standingIn(made)).toBeUndefined();
    expect((await made.run()).with('ran')).toEqual(['say@two']);
  });

  it('start a run in watch mode, even if nothing matched before', async () => {
    const { 'pipeline.yaml': text, 'names.txt': names } = FILES;
    const made = projectWithin({ 'pipeline.yaml': text, 'names.txt': names });
    const watch = made.start('watch');
    running.push(watch);
    await watch.errorText((told) => told.includes('nothing matches "data/*.txt"'));
    await watch.text((told) => told.includes('pipe: watching'));
    made.write('data/a.txt', 'a\n');
    await watch.text((told) => told.includes('pipe: 2 ran'));
    made.write('data/b.txt', 'b\n');
    await watch.text((told) => told.includes('pipe: 1 ran, 0 restored, 2 fresh'));
    made.write('names.txt', 'one\ntwo\n');
    await watch.text((told) => told.includes('pipe: 1 ran, 0 restored, 3 fresh'));
  });

  it('are items in pipeline.lock, and verify executes them', async () => {
    const made = projectWithin(FILES);
    await made.run();
    expect((await made.pipe('run', '--frozen')).code).toBe(0);
    expect((await made.pipe('verify', 'count@a', 'say')).code).toBe(0);
    made.write('data/c.txt', 'c\n');
    expect((await made.pipe('run', '--frozen')).code).toBe(3);
  });
});
