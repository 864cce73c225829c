/** File systems for which names that differ in case, or in how accents are composed, are one. */
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linksOf } from '../../src/decide/real-paths.js';
import { UserError } from '../../src/error.js';
import { ReadSet } from '../../src/noop/read-set.js';
import { loadPlan } from '../../src/pipeline/load.js';
import { isOneName } from '../../src/sys/one-name.js';
import { BIN } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

type Stage = Readonly<Record<'dep' | 'out', string>>;

function textOf(stages: readonly Stage[]): string {
  const lines = stages.map(
    ({ dep, out }, at) =>
      `  s${at}: { cmd: [cp, "${dep}", "${out}"], deps: ["${dep}"], outs: ["${out}"] }`,
  );
  return `stages:\n${lines.join('\n')}\n`;
}

/** What each item needs, by name; undefined for a plan that is refused. */
function needsIn(
  project: string,
  text: string,
  isOne: typeof isOneName,
): Record<string, readonly string[]> | undefined {
  const load = (links = {}) => loadPlan({ project, profiles: [], set: [], text, links });
  try {
    const { items } = load(
      linksOf(project, load(), new ReadSet(project, { timeAt: () => Date.now() }), isOne),
    );
    return Object.fromEntries(
      items.map(({ id, needs }) => [id, needs.map((need) => items[need]?.id as string).sort()]),
    );
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** As many spellings as there are letters with a variant. */
const spelled = (name: string) =>
  fc.constantFrom(
    name,
    name.toUpperCase(),
    name.normalize('NFD'),
    `${name[0]?.toUpperCase()}${name.slice(1)}`,
  );
const name = fc.constantFrom('data', 'été', 'x.csv', 'raw').chain(spelled);
const where = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const stages = fc.array(fc.record({ dep: where, out: where }), { minLength: 2, maxLength: 4 });

describe('if a file system treats two spellings as one', () => {
  it('a plan equals the plan with one spelling throughout (property)', () => {
    const { root } = projectWithin();
    const property = fc.property(stages, (drawn) => {
      const folded = drawn.map(({ dep, out }) => ({ dep: fold(dep), out: fold(out) }));
      const wanted = needsIn(root, textOf(folded), isOneName);
      expect(needsIn(root, textOf(drawn), () => true)).toEqual(wanted);
    });
    fc.assert(property, { numRuns: 150 });
  });

  it('only names in the same folder are compared, and no others are checked', () => {
    const { root } = projectWithin();
    const asked: string[][] = [];
    const isOne = (one: string, other: string) => {
      asked.push([one, other].map((each) => path.relative(root, each)));
      return false;
    };
    const drawn = [
      { dep: 'README', out: 'a/Data' },
      { dep: 'b/data', out: 'a/data' },
    ];
    expect(needsIn(root, textOf(drawn), isOne)).toEqual({ s0: [], s1: [] });
    expect(asked).toEqual([['a/Data', 'a/data']]);
  });
});

function fold(where: string): string {
  return where.normalize('NFC').toLowerCase();
}

describe('on this file system', () => {
  const folds = (root: string) => {
    writeFileSync(path.join(root, 'probe'), '');
    return isOneName(path.join(root, 'probe'), path.join(root, 'PROBE'));
  };

  it('names are distinguished, whether or not they exist, even if they are hard links', () => {
    const { root } = projectWithin();
    if (folds(root)) return;
    const [one, other] = [path.join(root, 'a/Data'), path.join(root, 'a/data')];
    expect(isOneName(one, other)).toBe(false);
    mkdirSync(path.join(root, 'a'));
    expect(isOneName(one, other)).toBe(false);
    writeFileSync(one, '');
    expect(isOneName(one, other)).toBe(false);
    linkSync(one, other);
    expect(isOneName(one, other)).toBe(false);
  });
});

/** Ways to mount $$.img at $$ so that names of another case are one: ntfs-3g, and exFAT with an inode number for each spelling. */
const NTFS = 'mkntfs -q -F ../$$.img > /dev/null 2>&1; lowntfs-3g ../$$.img ../$$ -o ignore_case';
const EXFAT =
  'mkfs.exfat ../$$.img > /dev/null && L=$(losetup -f --show ../$$.img) && { mount.exfat-fuse $L ../$$ > /dev/null; A=$?; losetup -d $L; [ $A = 0 ]; }';

/** Linux, where a mount can be made with these programs. */
const canMount = (...programs: string[]) =>
  spawnSync('unshare', ['-m', 'true']).status === 0 &&
  programs.every((program) => spawnSync(program, ['--version']).error === undefined);

/** The output of `pipe run` there, and the content of `data.csv` afterwards. */
function runOn(mount: string, text: string, files: Readonly<Record<string, string>> = {}): string {
  const project = projectWithin({ 'pipeline.yaml': text, ...files });
  const script = `
      truncate -s 16M ../$$.img && mkdir ../$$; ${mount} && cp -r . ../$$ && cd ../$$
      "$0" "$1" run 2>&1; cat data.csv; cd / && umount "$OLDPWD" && rm -r "$OLDPWD" "$OLDPWD.img"`;
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', script, process.execPath, BIN],
    {
      cwd: project.root,
      env: { ...process.env, ...project.env },
      encoding: 'utf8',
    },
  );
  return stdout + stderr;
}

describe.skipIf(!canMount('mkntfs', 'lowntfs-3g'))('on a mount that ignores case', () => {
  const runIn = (text: string, files?: Readonly<Record<string, string>>) =>
    runOn(NTFS, text, files);

  it.each([
    ['files', 'Data.csv', 'data.csv'],
    ['folders that are not there yet', 'New/x', 'new/x'],
  ])('two outs that are the same are refused: %s', (_, one, other) => {
    const text = `stages: { a: { cmd: "echo 1 > ${one}", outs: [${one}] }, b: { cmd: "echo 2 > ${other}", outs: [${other}] } }`;
    expect(runIn(text)).toContain('(overlapping-outs)');
  });

  it('an out that is its own input is refused, and the input stays', () => {
    const text =
      'stages: { a: { cmd: "sort ${deps.d} > ${outs.o}", deps: { d: data.csv }, outs: { o: Data.csv } } }';
    const said = runIn(text, { 'data.csv': 'three years\n' });
    expect(said).toContain(
      'this file system treats the names data.csv and Data.csv as one (self-dependency)',
    );
    expect(said).toMatch(/three years\n$/);
  });

  it('a dep that is an out of another item is an edge', () => {
    const text =
      'stages: { use: { cmd: "cat RAW/made > data.csv", deps: [RAW/made], outs: [data.csv] }, make: { cmd: "echo made > raw/Made", outs: [raw/Made] } }';
    const said = runIn(text);
    expect(said).toContain('2 ran');
    expect(said).toMatch(/made\n$/);
  });

  it('a path that no out may have is refused in another spelling too', () => {
    expect(runIn('stages: { a: { cmd: "echo 1 > x", outs: [Pipeline.YAML] } }')).toContain(
      '(path-protected)',
    );
  });
});

/** Also needs loop devices. */
const hasExfat =
  canMount('mkfs.exfat', 'mount.exfat-fuse', 'losetup') &&
  spawnSync('losetup', ['-f']).status === 0;

it.skipIf(!hasExfat)(
  'two outs that are the same are refused if each spelling has its own inode',
  () => {
    const text =
      'stages: { a: { cmd: "true", outs: [Data.csv] }, b: { cmd: "true", outs: [data.csv] } }';
    expect(runOn(EXFAT, text)).toContain('(overlapping-outs)');
  },
);
