/** A file that can be neither input nor result fails only its own item, and no file is too large. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** Each with the commands that create it as `x` in the current folder, and its message. */
const ODD = [
  ['a pipe', 'mkfifo x', 'is a pipe'],
  [
    'a socket',
    `python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("x")'`,
    'is a socket',
  ],
  ['a name that is not UTF-8', `touch "$(printf 'x\\377')"`, 'not valid UTF-8'],
  [
    'a path that is too long',
    `python3 -c 'import os
os.mkdir("x"); os.chdir("x")
for i in range(20): os.mkdir("d" * 250); os.chdir("d" * 250)'`,
    'too long',
  ],
] as const;

const REST = `
  other: { cmd: "echo > p", outs: [p] }
  after: { cmd: "cat o > q", deps: [o], outs: [q] }
`;

/** The test project's own cleanup cannot delete a path that is too long. */
function tidied(made: Project): Project {
  onTestFinished(() => void execFileSync('rm', ['-rf', made.root]));
  return made;
}

const indented = (text: string) => text.replaceAll('\n', '\n      ');

describe.each(ODD)('%s', (_name, make, said) => {
  const inFolder = (dep: string) => {
    const made = tidied(
      projectWithin({
        'pipeline.yaml': `stages:\n  s: { cmd: "echo > o", deps: ["${dep}"], outs: [o] }${REST}`,
        'd/a': '',
      }),
    );
    execFileSync('/bin/sh', ['-c', make], { cwd: made.path('d') });
    return made;
  };
  const written = (folder: string, rest: string) =>
    tidied(
      projectWithin({
        'pipeline.yaml': `stages:
  s:
    cmd: |
      mkdir ${folder}; cd ${folder}; touch a
      ${indented(make)}
      ${rest}
    outs: [o]${REST}`,
      }),
    );

  it.each([
    ['in a folder dep', () => inFolder('d')],
    ['matched by a pattern', () => inFolder('d/**/*')],
    ['in an out', () => written('o', '')],
  ])('%s: its item fails with the reason, each time; others run', async (_role, prepare) => {
    const made = prepare();
    for (const verdict of ['ran', 'fresh'] as const) {
      const { code, items, summary } = await made.run('-k');
      expect(code).toBe(1);
      expect(items.s?.failure?.message).toContain(said);
      expect(items.s?.failure?.message.length).toBeLessThan(500);
      expect([items.other?.verdict, items.after?.verdict]).toEqual([verdict, 'blocked']);
      expect(summary).toMatchObject({ failed: 1, blocked: 1 });
    }
    made.write('pipeline.yaml', `stages:\n  s: { cmd: "echo > o", outs: [o] }${REST}`);
    expect((await made.run()).with('ran')).toEqual(['s', 'after']);
  });
});

it('a named pipe at the path of an out is moved, and the out restored', async () => {
  const made = projectWithin({
    'pipeline.yaml': 'stages: { s: { cmd: "echo x > ${outs.o}", outs: { o: o/f } } }\n',
  });
  await made.run();
  made.remove('o');
  mkdirSync(made.path('o'));
  execFileSync('mkfifo', [made.path('o/f')]);
  expect((await made.run()).with('restored')).toEqual(['s']);
  expect(made.read('o/f')).toBe('x\n');
});

it('a broken link above an out fails its item, and the message names the link', async () => {
  const made = projectWithin({
    'pipeline.yaml': 'stages: { s: { cmd: "echo x > ${outs.o}", outs: { o: l/o } } }\n',
  });
  symlinkSync('nowhere/deep', made.path('l'));
  expect((await made.run()).items.s?.failure?.message).toBe(
    'l is a broken link: create its target, or remove the link',
  );
  mkdirSync(made.path('nowhere/deep'), { recursive: true });
  expect((await made.run()).with('ran')).toEqual(['s']);
});

describe('a file that is too large to be read as a whole', () => {
  /** Sparse. Node reads no text of this size. */
  function sparse(made: Project, name: string): void {
    writeFileSync(made.path(name), '');
    truncateSync(made.path(name), 600_000_000);
  }

  it('may be a script, which counts by its bytes', async () => {
    const made = projectWithin({
      'pipeline.yaml': 'stages: { s: { cmd: "head -c 1 dump.sql > o", outs: [o] } }\n',
    });
    sparse(made, 'dump.sql');
    expect((await made.run()).with('ran')).toEqual(['s']);
    expect((await made.run()).with('fresh')).toEqual(['s']);
    truncateSync(made.path('dump.sql'), 600_000_001);
    expect((await made.run()).with('ran')).toEqual(['s']);
  });

  it('may be metrics or a plot, whose numbers are not read', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'stages: { s: { cmd: "truncate -s 600000000 m.json p.csv", metrics: [m.json], plots: [p.csv] } }\n',
    });
    const run = await made.run();
    expect(run.with('ran')).toEqual(['s']);
    expect(run.events.flatMap((event) => (event.type === 'warning' ? event.message : []))).toEqual([
      'metrics m.json is larger than 64 MiB: pipeline.lock does not contain its numbers',
    ]);
    expect((await made.pipe('metrics')).code).toBe(0);
    expect((await made.pipe('report', '--out', 'r.html')).code).toBe(0);
    expect(made.read('r.html')).toContain('p.csv is larger than 64 MiB');
    expect((await made.pipe('cache', 'verify')).code).toBe(0);
  });
});
