/** Storing outs in the cache, and restoring them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { nameOf } from '../../src/cache/objects/digest.js';
import { TestProject } from './project.js';

test('a file is restored with its bytes', async () => {
  const project = new TestProject();
  project.write({ 'out/a.txt': 'alpha' });
  const cache = project.open();
  const { digest, size, files } = await cache.outs.store('out/a.txt');
  expect({ size, files }).toEqual({ size: 5, files: 1 });
  rmSync(project.at('out/a.txt'));
  await cache.outs.restore({ digest }, 'out/a.txt');
  expect(readFileSync(project.at('out/a.txt'), 'utf8')).toBe('alpha');
});

test('a restore that is ended leaves whole files only, and the next one completes it (property)', async () => {
  const project = new TestProject();
  const names = Array.from({ length: 12 }, (_, at) => `out/d/${at}`);
  const content = (at: number) => Buffer.alloc(at % 3 === 0 ? 9_000_000 : 10, at + 1);
  project.write(Object.fromEntries(names.map((name, at) => [name, content(at)])));
  const cache = project.open();
  const stored = await cache.outs.store('out/d');
  const kept: number[] = [];
  await fc.assert(
    fc.asyncProperty(fc.nat(12), async (turns) => {
      await cache.outs.remove('out/d');
      const end = new AbortController();
      const reason = new Error('ended');
      const after = (left: number) =>
        left === 0 ? end.abort(reason) : void setImmediate(after, left - 1);
      after(turns);
      const ended = await cache.outs
        .restore(stored, 'out/d', { stop: end.signal })
        .catch((error: unknown) => error);
      expect([undefined, reason]).toContain(ended);
      const there = names.filter((name) => existsSync(project.at(name)));
      for (const name of there)
        expect(readFileSync(project.at(name)).equals(content(names.indexOf(name)))).toBe(true);
      if (ended !== undefined) kept.push(there.length);
      await cache.outs.restore(stored, 'out/d');
      cache.forget('out/d');
      expect(cache.scanSync('out/d')).toEqual(stored);
    }),
    { numRuns: 15 },
  );
  expect(Math.min(...kept)).toBeLessThan(names.length);
});

test('a directory is restored with modes, links, empty directories and odd names', async () => {
  const project = new TestProject();
  project.write({
    'out/d/run.sh': '#!/bin/sh\n',
    'out/d/empty/': '',
    'out/d/deep/er/file': Buffer.alloc(3_000_000, 7),
    'out/d/new\nline "ü" 日本 \\': 'odd',
    'out/d/ space ': '',
    'out/d/__proto__': 'p',
  });
  chmodSync(project.at('out/d/run.sh'), 0o755);
  symlinkSync('deep/er/file', project.at('out/d/link'));
  symlinkSync('nowhere', project.at('out/d/dangling'));
  const cache = project.open();
  const stored = await cache.outs.store('out/d');
  expect(cache.hasAll(stored.digest)).toBe(true);
  const names = readdirSync(project.at('out/d')).sort();
  await cache.outs.remove('out/d');
  expect(existsSync(project.at('out/d'))).toBe(false);
  await cache.outs.restore(stored, 'out/d');
  expect(readdirSync(project.at('out/d')).sort()).toEqual(names);
  expect(statSync(project.at('out/d/run.sh')).mode & 0o111).not.toBe(0);
  expect(statSync(project.at('out/d/deep/er/file')).mode & 0o111).toBe(0);
  expect(readlinkSync(project.at('out/d/link'))).toBe('deep/er/file');
  expect(readlinkSync(project.at('out/d/dangling'))).toBe('nowhere');
  expect(readdirSync(project.at('out/d/empty'))).toEqual([]);
  cache.forget('out/d');
  expect(cache.scanSync('out/d')).toEqual(stored);
  cache.close();
  expect(project.open().scanSync('out/d')).toEqual(stored);
});

test('a restore keeps matching files, writes differing ones and deletes extra ones', async () => {
  const project = new TestProject();
  project.write({ 'out/d/a': 'a', 'out/d/b': 'b', 'out/d/sub/c': 'c' });
  const cache = project.open();
  const { digest } = await cache.outs.store('out/d');
  const inode = lstatSync(project.at('out/d/a')).ino;
  project.write({ 'out/d/b': 'changed', 'out/d/extra': '', 'out/d/more/file': '' });
  rmSync(project.at('out/d/sub'), { recursive: true });
  writeFileSync(project.at('out/d/sub'), 'a file where a directory was');
  cache.forget('out/d');
  await cache.outs.restore({ digest }, 'out/d');
  expect(lstatSync(project.at('out/d/a')).ino).toBe(inode);
  expect(readFileSync(project.at('out/d/b'), 'utf8')).toBe('b');
  expect(readFileSync(project.at('out/d/sub/c'), 'utf8')).toBe('c');
  expect(readdirSync(project.at('out/d')).sort()).toEqual(['a', 'b', 'sub']);
});

test('editing an out, stored or restored, never changes the cache', async () => {
  const project = new TestProject();
  project.write({ 'out/a': 'original' });
  const cache = project.open();
  const { digest } = await cache.outs.store('out/a');
  writeFileSync(project.at('out/a'), 'edited!!');
  cache.forget('out/a');
  await cache.outs.restore({ digest }, 'out/a');
  writeFileSync(project.at('out/a'), 'edited!!');
  cache.forget('out/a');
  await cache.outs.restore({ digest }, 'out/a');
  expect(readFileSync(project.at('out/a'), 'utf8')).toBe('original');
});

test('an object cannot be written to by accident', async () => {
  const project = new TestProject();
  project.write({ 'out/a': 'original' });
  const cache = project.open();
  const hex = nameOf((await cache.outs.store('out/a')).digest);
  const object = `${cache.layout.objects}/${hex.slice(0, 2)}/${hex.slice(2)}`;
  expect(statSync(object).mode & 0o222).toBe(0);
});

test('pipes and sockets are refused by name', async () => {
  const project = new TestProject();
  project.write({ 'out/d/a': '' });
  execFileSync('mkfifo', [project.at('out/d/fifo')]);
  const cache = project.open();
  await expect(cache.outs.store('out/d')).rejects.toThrow('out/d/fifo is a pipe');
  rmSync(project.at('out/d/fifo'));
  const server = createServer().listen(project.at('out/d/sock'));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  await expect(cache.outs.store('out/d')).rejects.toThrow('out/d/sock is a socket');
});

test('a name that is not valid UTF-8 is refused, and shown by its bytes', () => {
  const project = new TestProject();
  mkdirSync(project.at('data'));
  writeFileSync(Buffer.concat([Buffer.from(`${project.at('data')}/b`), Buffer.from([0xff])]), '');
  expect(() => project.open().scanSync('data')).toThrow(
    'data/b\\xff has a name that is not valid UTF-8',
  );
});
