/** Folders that are not writable, where a run need not write. */
import { afterEach, expect, it } from 'vitest';
import { Project } from '../rig/project.js';

let made: Project | undefined;

afterEach(() => made?.dispose());

it('a no-op run takes no lock, even when it cannot know that pipeline.lock is up to date', async () => {
  made = new Project({
    'pipeline.yaml': 'stages:\n  write: { cmd: "echo a > a.txt", outs: [a.txt] }\n',
  });
  await made.run();
  const lock = made.read('pipeline.lock');
  // Replaces the notes' folder and the lock folder by files: as read-only as possible for root.
  made.remove('cache/v1/plans');
  made.remove('cache/locks');
  made.write('cache/locks', 'no folder');
  const run = await made.run();
  expect([run.code, run.with('fresh'), run.err]).toEqual([0, ['write'], '']);
  expect(run.events.some((event) => event.type === 'warning')).toBe(false);
  expect(made.read('pipeline.lock')).toBe(lock);
});
