/** `protected: true`: a run neither overwrites nor removes the files at the out. */
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `stages:
  train:
    cmd: cp \${deps.text} \${outs.model} && test ! -e broken
    deps: { text: text.txt }
    outs: { model: { path: out/model.txt, protected: true } }
  count:
    cmd: wc -c < \${deps.model} > \${outs.size}
    deps: { model: out/model.txt }
    outs: { size: size.txt }
`;

function made(more: Readonly<Record<string, string>> = {}): Project {
  return projectWithin({ 'pipeline.yaml': PIPELINE, 'text.txt': 'one\n', ...more });
}

async function refused(on: Project, ...argv: readonly string[]): Promise<string> {
  const { code, out, err } = await on.pipe('run', ...argv);
  expect(code).toBe(1);
  const text = out + err;
  expect(text).toContain('1 failed, 1 blocked');
  return /out\/model\.txt is protected[^\n]*/.exec(text)?.[0] ?? text;
}

describe('a protected out', () => {
  it('is made, stays fresh, and is restored if it is missing', async () => {
    const on = made();
    expect((await on.run()).with('ran')).toEqual(['train', 'count']);
    expect((await on.run()).with('fresh')).toEqual(['train', 'count']);
    on.remove('out/model.txt');
    const run = await on.run();
    expect([run.with('restored'), run.with('fresh')]).toEqual([['train'], ['count']]);
  });

  it('stops an item that would run again, until it is moved away or no longer protected', async () => {
    const on = made();
    await on.run();
    on.write('text.txt', 'another\n');
    expect(await refused(on)).toBe(
      'out/model.txt is protected, and this run would replace it: `pipe why train` says what changed: undo that, or give the out another path; to let pipe replace out/model.txt, move it away or remove `protected: true`',
    );
    expect(await refused(on, '--force', '--keep-going')).toContain('this run would replace it');
    expect(on.read('out/model.txt')).toBe('one\n');

    on.write('text.txt', 'one\n');
    expect((await on.run()).with('fresh')).toEqual(['train', 'count']);
    on.write('text.txt', 'another\n');
    on.remove('out/model.txt');
    expect((await on.run()).with('ran')).toEqual(['train', 'count']);
    on.write('text.txt', 'a third\n');
    on.write('pipeline.yaml', PIPELINE.replace(', protected: true', ''));
    expect((await on.run()).with('ran')).toEqual(['train', 'count']);
    expect(on.read('out/model.txt')).toBe('a third\n');
  });

  it("is not restored over the user's files", async () => {
    const on = made();
    await on.run();
    on.write('out/model.txt', 'mine\n');
    expect(await refused(on)).toContain('restoring the recorded result would replace it');
    expect(on.read('out/model.txt')).toBe('mine\n');
    on.write('out/model.txt', 'one\n');
    expect((await on.run()).with('fresh')).toEqual(['train', 'count']);
  });

  it('is not restored for its reader if its content changed during the run', async () => {
    const on = projectWithin({
      'pipeline.yaml': `stages:
  train:
    cmd: echo one > out/model.txt; touch out/done.txt
    outs: { model: { path: out/model.txt, protected: true }, done: out/done.txt }
  meddle: { cmd: echo mine > out/model.txt; touch note.txt, deps: [out/done.txt], outs: [note.txt] }
  count: { cmd: wc -c < out/model.txt > size.txt, deps: [out/model.txt, note.txt], outs: [size.txt] }
`,
    });
    const { code, out, err } = await on.pipe('run');
    expect(code).toBe(1);
    expect(out + err).toMatch(/count: failed: out\/model\.txt is protected, and restoring/);
    expect(on.read('out/model.txt')).toBe('mine\n');
  });

  it('keeps a file that was there before the first run', async () => {
    const on = made({ 'out/model.txt': 'mine\n' });
    expect(await refused(on)).toContain('this run would replace it');
    expect(on.read('out/model.txt')).toBe('mine\n');
  });

  it('may be made again after an execution that failed and left a part of it', async () => {
    const on = made({ broken: '' });
    expect((await on.pipe('run')).code).toBe(1);
    expect(on.read('out/model.txt')).toBe('one\n');
    on.remove('broken');
    expect((await on.run()).with('ran')).toEqual(['train', 'count']);

    // A later failure with another key leaves a part; the result of the first key is restored over
    // it.
    on.write('broken', '');
    on.write('text.txt', 'two\n');
    on.remove('out/model.txt');
    expect((await on.pipe('run')).code).toBe(1);
    on.write('text.txt', 'one\n');
    const run = await on.run();
    expect([run.with('restored'), run.with('fresh')]).toEqual([['train'], ['count']]);
    on.write('text.txt', 'two\n');
    expect(await refused(on)).toContain('this run would replace it');
    expect(on.read('out/model.txt')).toBe('one\n');
  });

  it('has the same key as without protection', async () => {
    const on = made();
    await on.run();
    on.write('pipeline.yaml', PIPELINE.replace(', protected: true', ''));
    expect((await on.run()).with('fresh')).toEqual(['train', 'count']);
  });
});
