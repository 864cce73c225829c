/** Progress from a stage's file to the run. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followProgress, lastProgress, type Progress } from '../../src/process/follow-progress.js';
import { progressWriter } from '../../src/stage/write-progress.js';
import { tempFolder } from './support/script.js';

test.each<[string, Progress | undefined]>([
  ['3 10\n', { done: 3, total: 10 }],
  ['3 10 images\n', { done: 3, total: 10, unit: 'images' }],
  ['1 10\n2 10\n3 10\n', { done: 3, total: 10 }],
  ['1 10\n2 1', { done: 1, total: 10 }],
  ['0.5 1.5 GB of data  \r\n', { done: 0.5, total: 1.5, unit: 'GB of data' }],
  ['1 10\nhello\n\n', { done: 1, total: 10 }],
  ['', undefined],
  ['-1 10\n', undefined],
])('the lines %j mean %o', (text, progress) => {
  expect(lastProgress(text)).toEqual(progress);
});

test('is followed while the file grows, once it exists', async () => {
  const file = join(tempFolder(), 'progress');
  const seen: Progress[] = [];
  let wake = () => {};
  const follower = followProgress(file, (progress) => {
    seen.push(progress);
    wake();
  });
  const news = () => new Promise<void>((resolve) => (wake = resolve));
  let next = news();
  writeFileSync(file, '1 4 images\n');
  await next;
  next = news();
  appendFileSync(file, '2 4 images\n3 4 images\n');
  await next;
  appendFileSync(file, '4 4 images\n');
  follower.close();
  expect(seen.map(({ done }) => done)).toEqual([1, 3, 4]);
});

test('reports nothing for a stage without progress', () => {
  const follower = followProgress(join(tempFolder(), 'none'), () => expect.fail('no progress'));
  follower.close();
});

test('is written rarely, however often it is reported, except for the last report', () => {
  const file = join(tempFolder(), 'progress');
  const report = progressWriter(file);
  for (let done = 1; done <= 100_000; done++) report(done, 100_000, 'steps\nof it');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines[0]).toBe('1 100000 steps of it');
  expect(lines.at(-1)).toBe('100000 100000 steps of it');
  expect(lines.length).toBeLessThan(50);
});
