import { chmodSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';
import { TRAIN } from './support/shell-epochs.js';

function project(): Project {
  const made = new ProjectWithin({ 'pipeline.yaml': PIPELINE });
  return disposed(made);
}

const PIPELINE = `
params: { word: one }
stages:
  write:
    cmd: echo ran >> ran.txt; printf %s \${word} > \${outs.text}
    outs: { text: out.txt }
`;

/** The object with these bytes. */
function objectOf(made: Project, content: string): string {
  const folder = made.path('cache/v1/objects');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const found = files.filter((file) => made.read(path.relative(made.root, file)) === content);
  expect(found).toHaveLength(1);
  return found[0] as string;
}

/** Backdates objects by an hour: gc keeps new ones, since a run may be about to record them. */
function age(made: Project, seconds = -3600): void {
  const then = Date.now() / 1000 + seconds;
  const entries = readdirSync(made.path('cache/v1'), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isFile()) utimesSync(path.join(entry.parentPath, entry.name), then, then);
  }
}

function damage(file: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, 'twö'.slice(0, statSync(file).size));
}

describe('pipe cache verify', () => {
  it('reports an intact cache', async () => {
    const made = project();
    await made.run();
    const { code, out } = await made.pipe('cache', 'verify');
    expect(out).toMatch(/^\d+ objects?, \d+ B: all intact\n$/);
    expect(code).toBe(0);
  });

  it('names damaged objects and their items; --repair makes the item run again', async () => {
    const made = project();
    await made.run();
    damage(objectOf(made, 'one'));
    const found = await made.pipe('cache', 'verify');
    expect(found.code).toBe(3);
    expect(found.out).toContain('out text of write');
    const repaired = await made.pipe('cache', 'verify', '--repair');
    expect(repaired.code).toBe(0);
    made.remove('out.txt');
    expect((await made.run()).with('ran')).toEqual(['write']);
    expect(made.read('out.txt')).toBe('one');
  });

  it('is not needed to prevent the restore of a damaged object', async () => {
    const made = project();
    await made.run();
    damage(objectOf(made, 'one'));
    made.remove('out.txt');
    const run = await made.run();
    expect(run.with('ran')).toEqual(['write']);
    expect(made.read('out.txt')).toBe('one');
    expect(run.events.some((event) => event.type === 'warning' && event.item === 'write')).toBe(
      true,
    );
  });
});

describe('pipe cache gc', () => {
  it('removes unneeded results, and never those of the pipeline', async () => {
    const made = project();
    for (const word of ['a', 'b', 'c', 'd', 'e', 'one']) await made.run('--set', `word=${word}`);
    age(made);
    const dry = await made.pipe('cache', 'gc', '--max-size', '0', '--dry');
    expect(dry.out).toContain('would remove 3 entries');
    const { code, out } = await made.pipe('cache', 'gc', '--max-size', '0');
    expect(code).toBe(0);
    expect(out).toContain('removed 3 entries');
    made.remove('out.txt');
    expect((await made.run()).with('restored')).toEqual(['write']);
    expect((await made.run('--set', 'word=a')).with('ran')).toEqual(['write']);
  });

  it('does not report the removal of something stored just now', async () => {
    const made = project();
    for (const word of ['a', 'b', 'c', 'd', 'one']) await made.run('--set', `word=${word}`);
    // A minute in the future, so that they stay new on a slow machine.
    age(made, 60);
    for (const dry of [['--dry'], []]) {
      const { out } = await made.pipe('cache', 'gc', '--max-size', '0', ...dry);
      expect(out).toBe(
        `${dry.length > 0 ? 'would remove' : 'removed'} 0 entries: 7 B → 7 B (limit 0 B, needed 5 B)\n2 entries are too new to be removed: a process may be about to use them\n`,
      );
    }
  });
});

describe('pipe cache stats', () => {
  it('reports the size and time of each item', async () => {
    const made = project();
    await made.run();
    await made.run('--set', 'word=two');
    const { out } = await made.pipe('cache', 'stats', '--json');
    expect(JSON.parse(out)).toMatchObject({
      results: { records: 2 },
      items: [{ item: 'write', results: 2 }],
    });
    expect((await made.pipe('cache', 'stats')).out).toContain('write');
  });

  it('counts the time of an epoch once', async () => {
    const made = disposed(
      new ProjectWithin({
        'pipeline.yaml': `
params: { epochs: 2 }
stages:
${TRAIN}
`,
      }),
    );
    await made.run();
    await made.run('--set', 'epochs=4');
    const [item] = JSON.parse((await made.pipe('cache', 'stats', '--json')).out).items;
    const args = ['epochs', 'train', '--json', '--set', 'epochs=4'];
    const [{ epochs }] = JSON.parse((await made.pipe(...args)).out) as [
      { epochs: { seconds: number }[] },
    ];
    expect(item).toMatchObject({ results: 2, epochs: 4 });
    expect(item.seconds).toBeCloseTo(
      epochs.reduce((sum, { seconds }) => sum + seconds, 0),
      6,
    );
  });
});
