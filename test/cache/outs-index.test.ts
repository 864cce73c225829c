/** The index of outs never says anything that the records do not. */
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, KEY, recordOf, settled, TestProject } from './project.js';

test('outs follow the record: read, remembered, replaced, damaged and deleted', async () => {
  const project = new TestProject();
  project.write({ 'out/a': 'a', 'out/b': 'b' });
  const cache = project.open();
  const [a, b] = [await cache.outs.store('out/a'), await cache.outs.store('out/b')];
  const first = recordOf(KEY, a.digest);
  expect(cache.readOuts(KEY)).toBeUndefined();
  await cache.writeRecord(first);
  await settled(cache);
  expect(cache.readOuts(KEY)).toEqual(first.outs);
  cache.close();
  const next = project.open();
  expect(next.readOuts(KEY)).toEqual(first.outs);
  const second = recordOf(KEY, b.digest);
  await next.writeRecord(second);
  await settled(cache);
  expect(next.readOuts(KEY)).toEqual(second.outs);
  next.close();
  const [record] = filesBelow(cache.layout.records) as [string];
  writeFileSync(record, 'torn');
  expect(project.open().readOuts(KEY)).toBeUndefined();
  rmSync(record);
  expect(project.open().readOuts(KEY)).toBeUndefined();
});

test('a damaged or foreign index of outs is ignored', async () => {
  const project = new TestProject();
  project.write({ 'out/a': 'a' });
  const cache = project.open();
  const record = recordOf(KEY, (await cache.outs.store('out/a')).digest);
  await cache.writeRecord(record);
  await settled(cache);
  cache.readOuts(KEY);
  cache.close();
  const file = filesBelow(project.at('cache/v1/projects')).find((each) =>
    each.endsWith('ledger.json'),
  ) as string;
  const whole = readFileSync(file);
  for (let length = 0; length < whole.length; length += 13) {
    writeFileSync(file, whole.subarray(0, length));
    expect(project.open().readOuts(KEY)).toEqual(record.outs);
  }
  expect(new Set(project.warnings)).toEqual(
    new Set(['the index of outs is damaged: it is ignored']),
  );
});

test('the next process reads a record again that was written within the clock tick', async () => {
  const project = new TestProject();
  project.write({ 'out/a': 'a' });
  const cache = project.open();
  const { digest } = await cache.outs.store('out/a');
  await cache.writeRecord(recordOf(KEY, digest));
  const [record] = filesBelow(cache.layout.records) as [string];
  // As if the clock stood still: written at the very time at which it is read.
  const ahead = new Date(Date.now() + 60_000);
  utimesSync(record, ahead, ahead);
  expect(cache.readOuts(KEY)).toBeDefined();
  cache.close();
  expect(filesBelow(project.at('cache')).map((each) => path.basename(each))).not.toContain(
    'ledger.json',
  );
});
