/** `pipe verify`: equal results, differences with their place, and items that cannot be executed. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verified } from '../../src/compare/verified.js';
import type { Ended, Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

/** `lucky` copies the file outside of the project, so that a test controls the "nondeterministic" result. */
const PIPELINE = `
params: { x: 0 }
stages:
  copy:
    cmd: cat \${deps.text} > \${outs.copy}
    deps: { text: data/text.txt }
    outs: { copy: cache/out/copy.txt }
  folder:
    cmd: mkdir -p \${outs.folder}/in && cp \${deps.all} \${outs.folder}/in && ln -s in/a.txt \${outs.folder}/link
    deps: { all: data/*.txt, copy: cache/out/copy.txt }
    outs: { folder: cache/out/folder }
  inner:
    cmd: cat \${deps.file} > \${outs.inner}
    deps: { file: cache/out/folder/in/a.txt }
    outs: { inner: cache/out/inner.txt }
  module:
    run: stages/module.ts
    deps: { text: cache/out/copy.txt }
    outs: { upper: cache/out/upper.txt }
  script:
    cmd: node scripts/main.mjs \${outs.out}
    outs: { out: cache/out/script.txt }
  sneaky:
    cmd: cat data/text.txt > \${outs.out}
    outs: { out: cache/out/sneaky.txt }
  lucky:
    cmd: cp "$LUCK" \${outs.luck}
    outs: { luck: cache/out/luck.json }
  allowed:
    cmd: cp "$LUCK" \${outs.luck}
    outs: { luck: cache/out/allowed.json }
    tolerance: { cache/out/allowed.json: { "ssim.*": 0.001 } }
  train:
    cmd: sh scripts/train.sh "$NOISE"
    epochs: 4
    outs: { model: cache/out/model }
`;

const TRAIN = `
e=$PIPE_EPOCH
while [ $e -lt $PIPE_EPOCHS ]; do
  e=$((e + 1))
  mkdir $PIPE_COMMIT/draft
  echo "state $e" > $PIPE_COMMIT/draft/state
  if [ $e -ge 3 ]; then cat "$1" >> $PIPE_COMMIT/draft/state; fi
  while [ -e $PIPE_COMMIT/$((e - 1)) ]; do sleep 0.01; done
  mv $PIPE_COMMIT/draft $PIPE_COMMIT/$e
done
echo "model $e" > cache/out/model
`;

const FILES = {
  'data/text.txt': 'some text\n',
  'data/a.txt': 'a\n',
  'pipeline.yaml': PIPELINE,
  'stages/module.ts': `
import { readFileSync, writeFileSync } from 'node:fs';
import { upper } from './lib/upper.js';
export default ({ deps, outs }: { deps: { text: string }; outs: { upper: string } }) =>
  writeFileSync(outs.upper, upper(readFileSync(deps.text, 'utf8')));
`,
  'stages/lib/upper.ts': 'export const upper = (text: string) => text.toUpperCase();\n',
  'package.json': '{ "type": "module" }',
  'scripts/main.mjs': `
import { writeFileSync } from 'node:fs';
import { name } from 'packaged';
import { line } from './line.js';
writeFileSync(process.argv[2], line(name));
`,
  'scripts/line.js': 'export const line = (name) => `by ${name}\\n`;\n',
  'node_modules/packaged/package.json': '{"name":"packaged","version":"1.0.0","main":"index.js"}',
  'node_modules/packaged/index.js': "exports.name = 'packaged';\n",
  'scripts/train.sh': TRAIN,
};

let made: Project;

/** Sets the future results of `lucky` and `allowed`. */
function luck(text: string): void {
  writeFileSync(made.env.LUCK as string, text);
}

beforeAll(async () => {
  made = new ProjectWithin(FILES);
  made.env.LUCK = made.path('.runtime/luck');
  made.env.NOISE = made.path('.runtime/noise');
  made.write('.runtime/noise', '');
  made.write('.runtime/luck', '{"ssim": {"mean": 0.5, "std": 0.25}, "name": "x"}');
  const { code, err } = await made.pipe('run');
  expect([code, err]).toEqual([0, '']);
});

afterAll(() => made.dispose());

async function verify(...args: string[]): Promise<Ended & { results: readonly Verified[] }> {
  const ended = await made.pipe('verify', '--json', ...args);
  return { ...ended, results: JSON.parse(ended.out) as Verified[] };
}

describe('pipe verify', () => {
  it('finds the same bytes in fresh folders: commands, patterns, links, modules, scripts, epochs', async () => {
    const before = readFileSync(made.path('pipeline.lock'), 'utf8');
    const names = ['copy', 'folder', 'inner', 'module', 'script', 'lucky', 'train'];
    const { code, out } = await made.pipe('verify', ...names);
    expect(out.trimEnd().split('\n').at(-1)).toBe('pipe: 7 same');
    expect(code).toBe(0);
    expect(readFileSync(made.path('pipeline.lock'), 'utf8')).toBe(before);
    expect((await made.pipe('run')).out).toBe('pipe: 0 ran, 0 restored, 9 fresh\n');
  });

  it('accepts deps that overlap, in the workspace and in the cache', async () => {
    const overlapping = projectWithin({
      'data/a.txt': 'a',
      'data/b.txt': 'b',
      'pipeline.yaml': `stages:
  make: { cmd: "mkdir -p cache/out/d/in && echo 1 > cache/out/d/in/x", outs: [cache/out/d] }
  read:
    cmd: cat \${deps.one} \${deps.all} \${deps.x} > \${outs.o}
    deps:
      { all: "data/*.txt", one: data/a.txt, folder: data, x: cache/out/d/in/x, made: cache/out/d, y: cache/out/d/in }
    outs: { o: read.txt }
`,
    });
    await overlapping.run();
    for (const where of ['workspace', 'cache']) {
      if (where === 'cache') overlapping.remove('cache/out');
      const { code, out } = await overlapping.pipe('verify', 'read');
      expect([where, code, out]).toEqual([where, 0, expect.stringMatching(/^pipe: 1 same$/m)]);
    }
  });

  it('executes items instead of taking results from the cache', async () => {
    luck('{"ssim": {"mean": 0.75, "std": 0.25}, "name": "x"}');
    const { code, out } = await made.pipe('verify', 'lucky');
    expect(out).toMatch(
      /^lucky: differs in [\d.]+ s, compared with pipeline.lock\n {2}cache\/out\/luck.json: ssim.mean: 0.5 before, 0.75 now\npipe: 0 same, 1 differs\n$/,
    );
    expect(code).toBe(3);
  });

  it('accepts the tolerance of a stage, but no larger deviation', async () => {
    luck('{"ssim": {"mean": 0.5009, "std": 0.2495}, "name": "x"}');
    const within = await verify('allowed');
    expect(within.code).toBe(0);
    expect(within.results[0]).toMatchObject({
      verdict: 'tolerated',
      findings: [{ text: 'within tolerance: deviates by at most 0.0009' }],
    });
    luck('{"ssim": {"mean": 0.5009, "std": 0.2485}, "name": "y"}');
    const beyond = await verify('allowed');
    expect(beyond.code).toBe(3);
    expect(beyond.results[0]?.findings).toEqual([
      {
        where: 'cache/out/allowed.json',
        text: 'ssim.std: 0.25 before, 0.2485 now; 2 values differ, by at most 0.0015',
      },
    ]);
  });

  it('names an undeclared read, which is missing in the fresh folder', async () => {
    const { code, results } = await verify('sneaky');
    expect(code).toBe(1);
    expect(results[0]).toMatchObject({ item: 'sneaky', verdict: 'failed' });
    expect(results[0]?.findings.map(({ text }) => text)).toEqual([
      'exit code 1',
      'data/text.txt is in the project but not among the deps, so it was missing',
    ]);
    expect(made.read(results[0]?.log ?? '')).toContain('data/text.txt');
  });

  it('compares executions with each other', async () => {
    // Each execution removes a line from the file, so no two are equal.
    made.write(
      'pipeline.yaml',
      PIPELINE.replaceAll('cp "$LUCK" ${', 'sed -i 1d "$LUCK" && cp "$LUCK" ${'),
    );
    luck('1\n2\n3\n4\n');
    const { code, results } = await verify('lucky', '--runs', '2', '--set', 'x=1').finally(() =>
      made.write('pipeline.yaml', PIPELINE),
    );
    expect(code).toBe(3);
    expect(results[0]).toMatchObject({ against: 'its other runs', verdict: 'differs' });
    expect(results[0]?.findings).toEqual([
      {
        where: 'cache/out/luck.json',
        text: 'run 2 compared with run 1: byte 0 (line 1): 0x32 before, 0x33 now; 6 bytes before, 4 now',
      },
    ]);
  });

  it('verifies only the first epochs, by their states', async () => {
    made.write('.runtime/noise', 'noise\n');
    const two = await made.pipe('verify', 'train', '--epochs', '2');
    expect([two.code, two.out]).toEqual([0, expect.stringContaining('train: epoch 2/2')]);
    const all = await verify('train');
    expect(all.code).toBe(3);
    expect(all.results[0]?.findings).toEqual([
      {
        where: 'epoch 3/state',
        text: 'byte 8 (line 2): its end before, 0x6e now; 8 bytes before, 14 now',
      },
    ]);
    made.write('.runtime/noise', '');
  });

  it('reports a pipeline.lock of another definition, without executing anything', async () => {
    made.write('data/text.txt', 'other text\n');
    const { code, results } = await verify('copy').finally(() =>
      made.write('data/text.txt', FILES['data/text.txt']),
    );
    expect(code).toBe(3);
    expect(results[0]?.findings[0]?.text).toBe(
      'pipeline.lock has a different definition: dep data/text.txt changed',
    );
  });

  it('reports a package of another version and items with other deps, and executes only the rest', async () => {
    const file = 'node_modules/packaged/package.json';
    made.write(
      'pipeline.yaml',
      `${PIPELINE}  after: { cmd: "cat cache/out/script.txt > a", deps: [cache/out/script.txt], outs: [a] }\n`,
    );
    await made.pipe('run', 'after');
    made.write(file, FILES[file].replace('1.0.0', '1.1.0'));
    const { code, results } = await verify('copy', 'script', 'after').finally(() => {
      made.write(file, FILES[file]);
      made.write('pipeline.yaml', PIPELINE);
    });
    expect(code).toBe(3);
    expect(
      results.map(({ item, verdict, findings }) => [item, verdict, findings[0]?.text]),
    ).toEqual([
      ['copy', 'same', undefined],
      [
        'script',
        'differs',
        'pipeline.lock has a different definition: package packaged 1.0.0 → 1.1.0',
      ],
      [
        'after',
        'differs',
        'pipeline.lock has different deps: script would run (package packaged 1.0.0 → 1.1.0)',
      ],
    ]);
  });

  it('detects a damaged object of the cache', async () => {
    const digest = /copy: \{ digest: f:(\w\w)(\w+)/.exec(made.read('pipeline.lock'));
    const object = `cache/v1/objects/${digest?.[1]}/${digest?.[2]}`;
    const whole = made.read(object);
    made.remove(object);
    made.write(object, 'x'.repeat(statSync(made.path('cache/out/copy.txt')).size));
    made.remove('cache/out/copy.txt');
    const { code, results } = await verify('module');
    expect(code).toBe(1);
    expect(results[0]?.findings[0]?.text).toMatch(
      /^its deps cannot be copied to a fresh folder: object \w{12} of the cache is damaged/,
    );
    made.write(object, whole);
    await made.pipe('run');
  });

  it('cannot verify a result that was never made, and says what to do', async () => {
    const empty = new ProjectWithin(FILES);
    Object.assign(empty.env, made.env, { PIPE_RUNTIME_DIR: empty.path('.runtime') });
    const { code, err } = await empty.pipe('verify', 'copy', 'module');
    empty.dispose();
    expect([code, err]).toEqual([
      2,
      `error: copy cannot be verified: neither pipeline.lock nor the cache has a result to compare with (not-verifiable)
  run \`pipe run\` first

error: module cannot be verified: it needs outs of copy, which must run first (not-verifiable)
  run \`pipe run\` first
`,
    ]);
  });

  it('writes Markdown, JUnit and GitHub workflow commands', async () => {
    luck('{"ssim": {"mean": 1, "std": 0.25}, "name": "x"}');
    Object.assign(made.env, {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: made.path('.runtime/summary.md'),
    });
    const args = ['--report', 'reports/v.md', '--report', 'reports/v.xml'];
    made.write('README.md', '# Mine\n');
    const refused = await made.pipe('verify', 'copy', '--report', 'README.md');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('did not write it')]);
    const { code, out } = await made.pipe('verify', 'copy', 'lucky', 'sneaky', ...args);
    delete made.env.GITHUB_ACTIONS;
    expect(code).toBe(1);
    expect(out).toContain(
      '::error file=pipeline.yaml,title=pipe verify::lucky: cache/out/luck.json: ssim.mean: 0.5 before, 1 now\n',
    );
    const page = made.read('reports/v.md');
    expect(page).toContain('## pipe verify: 1 same, 1 differs, 1 failed\n');
    expect(page).toMatch(/^\| lucky \| differs \| pipeline.lock \| [\d.]+ s \|$/m);
    expect(made.read('.runtime/summary.md')).toBe(page);
    const xml = made.read('reports/v.xml');
    expect(xml).toContain('<testsuites tests="3" failures="1" errors="1" skipped="0"');
    expect(xml).toContain('<failure message="cache/out/luck.json: ssim.mean: 0.5 before, 1 now">');
    expect(await made.pipe('verify', '--report', 'x.html')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--report cannot write "x.html" (option-value)'),
    });
  });

  it('exits with 1 for a report that cannot be written only if everything is equal', async () => {
    luck('{"ssim": {"mean": 1, "std": 0.25}, "name": "x"}');
    const report = ['--report', 'README.md/v.md'];
    made.write('README.md', '# Mine\n');
    for (const [item, code] of [
      ['copy', 1],
      ['lucky', 3],
      ['sneaky', 1],
    ] as const) {
      const ended = await made.pipe('verify', item, ...report);
      expect([ended.code, ended.err]).toEqual([
        code,
        expect.stringContaining('README.md/v.md cannot be written'),
      ]);
    }
  });
});
