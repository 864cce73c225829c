/** `pipe run --frozen` and `pipe lock`, as CI uses them to find differences from the commit. */
import { cpSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

const FILES = {
  'data/text.txt': 'one two\n',
  'node_modules/caps/package.json':
    '{"name":"caps","version":"1.0.0","type":"module","main":"index.js"}',
  'node_modules/caps/index.js': 'export const caps = (text) => text.toUpperCase();\n',
  'stages/upper.ts': `
import { readFileSync, writeFileSync } from 'node:fs';
import { caps } from 'caps';
export default ({ deps, outs, params }: { deps: { text: string }; outs: { upper: string }; params: { mark: string } }) =>
  writeFileSync(outs.upper, caps(readFileSync(deps.text, 'utf8')) + params.mark);
`,
  'pipeline.yaml': `
params: { mark: "!" }
profiles: { loud: { mark: "!!" } }
stages:
  upper:
    run: stages/upper.ts
    deps: { text: data/text.txt }
    params: [mark]
    outs: { upper: cache/out/upper.txt }
  parts:
    cmd: mkdir \${outs.parts} && wc -c < \${deps.upper} > \${outs.parts}/size && echo x > \${outs.parts}/more
    deps: { upper: cache/out/upper.txt }
    outs: { parts: cache/out/parts }
  show:
    cmd: cat \${deps.size} > \${outs.shown}
    deps: { size: cache/out/parts/size }
    outs: { shown: cache/out/shown.txt }
`,
};

/** A clone: the committed files, and the cache folder that CI restored. */
function clone(of: Project, ...parts: readonly string[]): Project {
  const made = projectWithin({});
  const committed = ['data', 'node_modules', 'stages', 'pipeline.yaml', 'pipeline.lock'];
  for (const name of [...committed, ...parts])
    cpSync(of.path(name), made.path(name), { recursive: true });
  return made;
}

/** Every file with its bytes and mtime. */
function snapshot(made: Project): Record<string, string> {
  const names = readdirSync(made.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(
    names.map((name) => [
      path.relative(made.root, name),
      `${statSync(name).mtimeMs} ${readFileSync(name, 'latin1')}`,
    ]),
  );
}

let origin: Project;

beforeAll(async () => {
  origin = new ProjectWithin(FILES);
  expect((await origin.pipe('run', '--profile', 'loud')).code).toBe(0);
  expect((await origin.pipe('run')).code).toBe(0);
});

afterAll(() => origin.dispose());

/** A copy of the project after its runs. */
function ran(): Project {
  return clone(origin, 'cache');
}

describe('run --frozen', () => {
  it('accepts a fresh clone with a restored cache folder, and writes nothing', async () => {
    const whole = clone(origin, 'cache');
    const records = clone(origin, 'cache/v1');
    for (const made of [whole, records]) {
      const before = snapshot(made);
      const { code, out } = await made.pipe('run', '--frozen');
      expect([code, out.split('\n').at(-2)]).toEqual([
        0,
        expect.stringMatching(/^pipe: would run 0, /),
      ]);
      expect(snapshot(made)).toEqual(before);
    }
  });

  it('names what would run, with the reason', async () => {
    const made = ran();
    made.write('pipeline.yaml', FILES['pipeline.yaml'].replace('mark: "!"', 'mark: "?"'));
    const { code, out } = await made.pipe('run', '--frozen');
    expect(code).toBe(3);
    expect(out).toContain('upper: would run (param mark ! → ?)');
    expect(out).toContain('parts: may run (not known before upper has run)');
    expect(out).toMatch(/^pipe: would run 1, may run 2, 0 fresh$/m);
    expect(made.read('cache/out/upper.txt')).toBe('ONE TWO\n!');
  });

  it('exits with 1 for a summary that cannot be written only if it found no difference', async () => {
    const made = ran();
    symlinkSync('nowhere/run.json', made.path('run.json'));
    const frozen = async () => {
      const { code, err } = await made.pipe('run', '--frozen', '--summarize', 'run.json');
      expect(err).toContain('run.json cannot be written');
      return code;
    };
    expect(await frozen()).toBe(1);
    made.write('data/text.txt', 'three\n');
    expect(await frozen()).toBe(3);
  });

  it('names a package of another version, even with an empty cache', async () => {
    const made = ran();
    for (const each of [made, clone(made)]) {
      each.write(
        'node_modules/caps/package.json',
        FILES['node_modules/caps/package.json'].replace('1.0.0', '1.1.0'),
      );
      const { code, out } = await each.pipe('run', '--frozen');
      expect([code, out]).toEqual([3, expect.stringContaining('package caps 1.0.0 → 1.1.0')]);
    }
  });

  it('names a result that is in the cache but not in the lock', async () => {
    const made = ran();
    const lock = made.read('pipeline.lock');
    made.write('data/text.txt', 'three\n');
    await made.pipe('run');
    made.write('pipeline.lock', lock);
    const { code, out } = await made.pipe('run', '--frozen');
    expect(code).toBe(3);
    expect(out).toContain(
      'upper: pipeline.lock has a different definition: dep data/text.txt changed\n',
    );
    expect(made.read('pipeline.lock')).toBe(lock);
  });

  it('names bytes that differ from the lock', async () => {
    const made = ran();
    // The same key with another result, as from a stage with a hidden input.
    const other = projectWithin(FILES);
    other.write('node_modules/caps/index.js', 'export const caps = (text) => text;\n');
    await other.pipe('run');
    made.write('pipeline.lock', other.read('pipeline.lock'));
    const { code, out } = await made.pipe('run', '--frozen');
    expect(code).toBe(3);
    expect(out).toContain('upper: cache/out/upper.txt: pipeline.lock and the cache differ\n');
  });

  it('names an edited out, and one that cannot be restored because its object is damaged', async () => {
    const made = ran();
    made.write('cache/out/shown.txt', 'edited\n');
    const edited = await made.pipe('run', '--frozen');
    expect(edited.code).toBe(3);
    expect(edited.out).toContain('show: out cache/out/shown.txt differs from its record\n');

    const digest = /shown: \{ digest: f:(\w\w)(\w+)/.exec(made.read('pipeline.lock'));
    made.remove('cache/out/shown.txt');
    expect((await made.pipe('run', '--frozen')).code).toBe(0);
    const object = `cache/v1/objects/${digest?.[1]}/${digest?.[2]}`;
    const size = statSync(made.path(object)).size;
    made.remove(object);
    writeFileSync(made.path(object), 'x'.repeat(size));
    const damaged = await made.pipe('run', '--frozen');
    expect(damaged.code).toBe(3);
    expect(damaged.out).toMatch(
      /show: out cache\/out\/shown.txt cannot be restored: object \w{12} of the cache is damaged\n/,
    );
  });

  it('reports a missing lock, and an item that is not in the pipeline', async () => {
    const made = ran();
    made.write('pipeline.yaml', FILES['pipeline.yaml'].replace(/ {2}show:[\s\S]*$/, ''));
    expect(await made.pipe('run', '--frozen')).toMatchObject({
      code: 3,
      out: expect.stringContaining(
        'pipeline.lock has show, which is not an item of the pipeline\n',
      ),
    });
    made.remove('pipeline.lock');
    expect(await made.pipe('run', '--frozen')).toMatchObject({
      code: 3,
      out: expect.stringContaining('there is no pipeline.lock: commit the one that'),
    });
  });

  it('accepts existing outs of another profile', async () => {
    const made = ran();
    expect(await made.pipe('run', '--frozen', '--profile', 'loud')).toMatchObject({
      code: 0,
      out: expect.stringContaining('pipe: would run 0, would restore 3, 0 fresh\n'),
    });
  });

  it('ignores the lock with --set', async () => {
    const made = ran();
    expect((await made.pipe('run', '--frozen', '--set', 'mark="!"')).code).toBe(0);
    expect((await made.pipe('run', '--frozen', '--set', 'mark=x')).code).toBe(3);
  });

  it('accepts a stage that always runs', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'stages: { a: { cmd: "echo a > ${outs.a}", outs: { a: a.txt }, always: true } }',
    });
    await made.pipe('run');
    expect((await made.pipe('run', '--frozen')).code).toBe(0);
  });

  it('reports differences as events', async () => {
    const made = ran();
    made.write('cache/out/shown.txt', 'edited\n');
    const { code, events } = await made.run('--frozen');
    expect(code).toBe(3);
    expect(events).toContainEqual({
      type: 'difference',
      item: 'show',
      message: 'out cache/out/shown.txt differs from its record',
    });
  });
});

describe('run --frozen=keys', () => {
  it('accepts a project without any result, and writes nothing', async () => {
    const made = clone(ran());
    const before = snapshot(made);
    expect((await made.pipe('run', '--frozen')).code).toBe(3);
    const { code, out } = await made.pipe('run', '--frozen=keys');
    expect([code, out]).toEqual([0, 'pipe: would run 0, 3 fresh\n']);
    expect(snapshot(made)).toEqual(before);
  });

  it('accepts missing data, and uses its digests from the lock', async () => {
    const made = clone(ran());
    made.remove('data');
    expect((await made.pipe('run', '--frozen=keys')).code).toBe(0);
  });

  it('names only what changed', async () => {
    const made = clone(ran());
    made.write(
      'stages/upper.ts',
      FILES['stages/upper.ts'].replace('params.mark)', 'params.mark + 1)'),
    );
    const { code, out } = await made.pipe('run', '--frozen=keys');
    expect(code).toBe(3);
    expect(out).toBe(
      'upper: would run (pipeline.lock has a different definition: code changed)\n' +
        'pipe: would run 1, 2 fresh\n',
    );
  });

  it('names an existing out that differs from the lock', async () => {
    const made = ran();
    made.write('cache/out/parts/size', '0\n');
    const { code, out } = await made.pipe('run', '--frozen=keys');
    expect([code, out]).toEqual([
      3,
      expect.stringContaining('parts: out cache/out/parts differs from pipeline.lock\n'),
    ]);
  });

  it('is the only value that --frozen accepts', async () => {
    const made = ran();
    expect(await made.pipe('run', '--frozen=all')).toMatchObject({
      code: 2,
      err: 'error: "all" is not a valid value for --frozen (option-value)\n  use --frozen or --frozen=keys\n',
    });
  });
});

describe('pipe lock --check', () => {
  it('reports that the lock is up to date, for every profile in it', async () => {
    expect(await clone(origin).pipe('lock', '--check')).toMatchObject({
      code: 0,
      out: 'pipeline.lock is up to date: 6 items\n',
    });
  });

  it('names what does not match: a changed profile, an extra item, a section without a profile', async () => {
    const made = ran();
    made.write(
      'pipeline.yaml',
      `${FILES['pipeline.yaml'].replace('"!!"', '"!!!"')}  new: { cmd: "echo > n", outs: [n] }\n`,
    );
    const { code, out } = await made.pipe('lock', '--check');
    expect(code).toBe(3);
    expect(out.split('\n').sort()).toEqual([
      '',
      'new: not in pipeline.lock',
      'profile loud: new: not in pipeline.lock',
      'profile loud: upper: pipeline.lock has a different definition: param mark !! → !!!',
    ]);
    made.write('pipeline.yaml', FILES['pipeline.yaml'].replace('loud', 'quiet'));
    expect((await made.pipe('lock', '--check')).out).toContain('profile loud: error: ');
  });

  it('prints differences as JSON', async () => {
    const made = ran();
    made.write('data/text.txt', 'changed\n');
    const { code, out } = await made.pipe('lock', '--json');
    expect([code, JSON.parse(out)]).toEqual([
      3,
      [
        {
          profile: 'default',
          item: 'upper',
          message: 'pipeline.lock has a different definition: dep data/text.txt changed',
        },
        expect.objectContaining({ profile: 'loud', item: 'upper' }),
      ],
    ]);
  });
});
