/** Values at the margin: commands that are too long for the system, and metrics that JSON cannot hold. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { project } from '../rig/projects.js';

describe('a long command', () => {
  it('of more than 128 KiB is executed like any other, a failing line ending it', async () => {
    const long = `: ${'x'.repeat(200_000)}`;
    const cmd = `${long}\n      echo done > \${outs.o}`;
    const made = project({
      'pipeline.yaml': `stages:
  s:
    cmd: |
      ${cmd}
    outs: { o: o.txt }
  f:
    cmd: |
      ${long}
      false
      touch never
`,
    });
    expect((await made.pipe('run', '-k')).code).toBe(1);
    expect(made.lines('o.txt')).toEqual(['done']);
    expect(existsSync(made.path('never'))).toBe(false);
  });

  it('with one word that is too long ends in an error that names the cure', async () => {
    const made = project({
      'pipeline.yaml': `stages: { s: { cmd: [echo, "${'x'.repeat(200_000)}"] } }\n`,
    });
    const { code, out, err } = await made.pipe('run');
    expect(code).toBe(1);
    expect(out + err).toContain(
      'the command is longer than the system allows: pass the list in a file',
    );
  });
});

describe('metrics that JSON cannot hold', () => {
  it.each([
    '{"loss": 1e400, "acc": 1}',
    '{"loss": NaN, "acc": 1}',
    '{"loss": -Infinity, "acc": 1}',
    '\uFEFF{"acc": 1}',
    '{"acc": 1, "a.b": 1, "a": {"b": 2}, "zero": -0}',
  ])('leave a lock that pipe accepts: %s', async (text) => {
    const made = project({
      'pipeline.yaml':
        'stages: { m: { cmd: "cp m.json ${outs.m}", deps: [m.json], metrics: { m: cache/out/m.json } } }\n',
      'm.json': text,
    });
    expect((await made.pipe('run')).code).toBe(0);
    expect((await made.pipe('lock', '--check')).code).toBe(0);
    expect(made.read('pipeline.lock')).toContain('acc');
  });
});
