/** Ignored files in a user's folder: files of tools, and `exclude:`. */
import { cpSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Running } from '../rig/project.js';
import { project, projectWithin } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';

const TOOLS = [
  '__pycache__/a.cpython-312.pyc',
  'a.pyc',
  'sub/__pycache__/b.pyc',
  '.git/HEAD',
  '.hg/store',
  '.svn/entries',
  '.ipynb_checkpoints/n.ipynb',
  '.pytest_cache/README.md',
  '.mypy_cache/x',
  '.ruff_cache/x',
  'sub/.DS_Store',
  'Thumbs.db',
  'a.py~',
  'sub/.#b.py',
  '.a.py.swp',
  '.nfs00000000004a1b2c00000001',
  'gone/__pycache__/old.pyc',
];

/** One stage reads `src` as a folder, one by a pattern; both log that they ran. */
function reading(dep = 'src', command = 'true'): Record<string, string> {
  return {
    'pipeline.yaml': `stages:
  folder: { cmd: "${command}; echo folder >> ran; cat src/a.py > \${outs.o}", deps: { src: ${dep} }, outs: { o: o/folder } }
  pattern: { cmd: "cat src/a.py > \${outs.o}", deps: ["src/**/*", "src/*"], outs: { o: o/pattern } }
`,
    'src/a.py': 'a = 1\n',
    'src/sub/b.py': 'b = 1\n',
  };
}

const runnings: Running[] = [];
afterEach(async () => {
  for (const each of runnings.splice(0)) {
    each.kill('SIGKILL');
    await each.ended;
  }
});

describe('files that tools write', () => {
  it("in a user's folder change no key, reason or lock, and match no pattern", async () => {
    const made = projectWithin(reading());
    await made.run();
    const lock = made.read('pipeline.lock');
    for (const name of TOOLS) made.write(`src/${name}`, name);
    expect((await made.run()).with('fresh')).toEqual(['folder', 'pattern']);
    expect((await made.pipe('why', 'folder')).out).toBe('folder is fresh\n');
    expect(await runUntilStill(made)).toBe(true);
    for (const name of TOOLS) made.write(`src/${name}`, 'other');
    expect((await made.run('--force')).with('ran')).toEqual(['folder', 'pattern']);
    expect(made.read('pipeline.lock')).toBe(lock);
    made.write('src/sub/b.py', 'b = 2\n');
    expect((await made.pipe('why', 'folder')).out).toBe(
      'folder would run:\n  dep src: 1 file changed, first: sub/b.py\n',
    );
  });

  it('may appear, change and disappear while the stage runs', async () => {
    const made = projectWithin(
      reading(
        'src',
        'mkdir -p src/__pycache__ src/sub/.git; date >> src/__pycache__/x; touch src/.DS_Store src/.nfs00000000004a1b; mv src/old.pyc src/new.pyc',
      ),
    );
    made.write('src/old.pyc', '');
    expect((await made.run()).with('ran')).toEqual(['folder', 'pattern']);
    made.write('src/old.pyc', '');
    made.remove('src/new.pyc');
    expect((await made.run('--force')).with('ran')).toEqual(['folder', 'pattern']);
  });

  it('count when a dep names them, and in outs', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  clone: { cmd: "mkdir -p \${outs.r}/.git; cat in > \${outs.r}/.git/HEAD", deps: [in], outs: { r: cache/out/r } }
  head: { cmd: "cat cache/out/r/.git/HEAD > \${outs.o}", deps: [cache/out/r], outs: { o: o/head } }
  named: { cmd: "cat lib/x.pyc lib/.git/HEAD > \${outs.o}", deps: ["lib/*.pyc", lib/.git], outs: { o: o/named } }
`,
      in: 'one\n',
      'lib/x.pyc': 'x\n',
      'lib/.git/HEAD': 'main\n',
    });
    expect((await made.run()).with('ran')).toEqual(['clone', 'head', 'named']);
    made.remove('cache/out/r');
    expect((await made.run()).with('restored')).toEqual(['clone']);
    expect(made.read('cache/out/r/.git/HEAD')).toBe('one\n');
    made.write('in', 'two\n');
    expect((await made.run()).with('ran')).toEqual(['clone', 'head']);
    for (const file of ['lib/x.pyc', 'lib/.git/HEAD']) {
      made.write(file, `other ${file}`);
      expect((await made.run()).with('ran')).toEqual(['named']);
    }
  });

  it('do not count in a folder that contains outs, unless they are the outs', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  gen: { cmd: "cat in > \${outs.a}; cat in > \${outs.b}", deps: [in], outs: { a: src/__pycache__/gen.pyc, b: src/gen.py } }
  all: { cmd: "cat src/gen.py > \${outs.o}", deps: [src], outs: { o: o/all } }
`,
      in: '1\n',
      'src/a.py': 'a\n',
    });
    expect((await made.run()).with('ran')).toEqual(['gen', 'all']);
    for (const name of TOOLS) made.write(`src/${name}`, name);
    expect((await made.run()).with('fresh')).toEqual(['gen', 'all']);
    made.write('src/__pycache__/gen.pyc', 'edited');
    expect((await made.run()).with('restored')).toEqual(['gen']);
  });

  it('are not in the fresh folder of verify', async () => {
    const made = projectWithin(reading('src', 'ls -A src'));
    made.write(
      'pipeline.yaml',
      'stages: { s: { cmd: "ls -AR src > ${outs.o}", deps: [src], outs: { o: o } } }\n',
    );
    await made.run();
    for (const name of TOOLS) made.write(`src/${name}`, name);
    expect(await made.pipe('verify')).toMatchObject({ code: 0 });
  });
});

describe('a change while the stage runs', () => {
  it.each([
    ['echo 2 >> src/a.py', 'src/a.py'],
    ['echo 2 > src/new.py', 'src/new.py'],
    ['rm src/sub/b.py', 'src/sub/b.py'],
    ['mkdir src/__pycache__; touch src/sub/n.py', 'src/sub/n.py'],
    ['touch src/sub/n.py; rm src/sub/n.py', 'src/sub'],
  ])('is reported with the changed path: %s', async (command, name) => {
    const made = projectWithin(reading('src', command));
    const { items } = await made.run('folder');
    expect(items.folder?.verdict).toBe('failed');
    expect(items.folder?.failure?.message).toContain(`${name} changed while it ran`);
  });
});

describe('exclude', () => {
  const DEP = '{ path: src, exclude: ["*.tmp", "notes/", sub/raw] }';

  it('gives the same key as without the excluded files', async () => {
    const made = projectWithin(reading('src'));
    await made.run();
    const lock = made.read('pipeline.lock');
    const bare = reading('{ path: src }')['pipeline.yaml'] as string;
    made.write('pipeline.yaml', bare.replace('{ path: src }', DEP));
    expect((await made.run()).with('fresh')).toEqual(['folder', 'pattern']);
    for (const name of ['x.tmp', 'sub/y.tmp', 'notes/n', 'sub/notes/n', 'sub/raw/r'])
      made.write(`src/${name}`, 'x');
    expect((await made.run('folder')).with('fresh')).toEqual(['folder']);
    expect(made.read('pipeline.lock')).toBe(lock);
    // A folder rule does not match a file, and an anchored rule matches in one place.
    for (const name of ['deep/notes', 'raw']) {
      made.write(`src/${name}`, name);
      expect((await made.run('folder')).with('ran')).toEqual(['folder']);
    }
  });

  it("removes the stage's own writes and its own out from its inputs", async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  gen: { cmd: "date > \${outs.g}", outs: { g: src/build/gen } }
  s: { cmd: "touch src/x.tmp; ls src/sub > \${outs.o}", deps: { src: { path: src, exclude: ["*.tmp", build] } }, outs: { o: src/build/o } }
`,
      'src/sub/a': '',
    });
    const first = await made.run();
    expect(first.with('ran')).toEqual(['gen', 's']);
    expect(first.events.filter((event) => event.type === 'waiting')).toEqual([]);
    expect((await made.run()).with('fresh')).toEqual(['gen', 's']);
    expect((await made.run('--force', 's')).with('ran')).toEqual(['s']);
    expect(made.read('src/build/o')).toBe('a\n');
  });

  it('applies in patterns, with matrix values, and behind links', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  s:
    matrix: { d: [a, b] }
    cmd: "cat \${deps.f} > \${outs.o}"
    deps: { f: { path: "data/\${d}/*.txt", exclude: ["no-\${d}.txt"] }, l: { path: linked, exclude: ["*.log"] } }
    outs: { o: "o/\${d}" }
`,
      'data/a/1.txt': '1',
      'data/a/no-a.txt': 'x',
      'data/a/no-b.txt': 'y',
      'data/b/2.txt': '2',
    });
    const other = projectWithin({ 'shared/f': 'f', 'shared/x.log': 'x' });
    cpSync(other.path('shared'), made.path('linked/own'), { recursive: true });
    await made.run();
    expect([made.read('o/a'), made.read('o/b')]).toEqual(['1y', '2']);
    made.write('linked/own/x.log', 'changed');
    made.write('data/a/no-a.txt', 'changed');
    expect((await made.run()).with('fresh')).toEqual(['s@a', 's@b']);
    made.write('data/a/no-b.txt', 'changed');
    expect((await made.run()).with('ran')).toEqual(['s@a']);
  });

  it('prevents runs in watch mode, as for files that tools write', async () => {
    const made = project(reading(DEP));
    // A new folder is a change, even while it is empty.
    for (const name of ['gone/here', 'notes/here']) made.write(`src/${name}`, '');
    const running = made.start('watch', 'folder');
    runnings.push(running);
    await running.text((out) => out.includes('pipe: watching'));
    for (const name of [...TOOLS, 'sub/y.tmp', 'notes/n']) made.write(`src/${name}`, name);
    made.write('src/a.py', 'a = 2\n');
    await running.text((out) => /changed.*pipe: watching/s.test(out));
    expect(running.told()).toMatch(/^pipe: src\/a\.py changed$/m);
    expect(made.lines('ran')).toHaveLength(2);
  });
});
