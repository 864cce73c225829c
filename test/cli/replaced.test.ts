/** User files at the path of an out move to cache/replaced, with a message, and are kept for a while. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ELSEWHERE } from '../rig/file-systems.js';
import type { Project, RunOutcome } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';
import { until } from '../rig/until.js';

const PIPELINE = `
params: { word: one, fail: 0 }
profiles: { other: { word: two } }
stages:
  folder:
    cmd: mkdir -p \${outs.o}/sub; echo \${word} > \${outs.o}/a; echo b > \${outs.o}/sub/b; exit \${fail}
    outs: { o: results }
  file:
    cmd: echo \${word} > \${outs.o}
    outs: { o: labels.csv }
  often:
    always: true
    cmd: echo \${word} > \${outs.o}
    outs: { o: often.txt }
  training:
    cmd: |
      k=$PIPE_EPOCH
      while test $k -lt $PIPE_EPOCHS; do
        k=$((k + 1)); mkdir "$PIPE_COMMIT/d"; echo '{"loss": 1}' > "$PIPE_COMMIT/d/metrics.json"
        mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/$k"; while test -e "$PIPE_COMMIT/$k"; do sleep 0.01; done
      done
      echo \${word} > \${outs.o}
    outs: { o: model.txt }
    epochs: { max: 6, patience: 2, best: { metric: loss, mode: min } }
`;

const project = (): Project => projectWithin({ 'pipeline.yaml': PIPELINE });

const warningsOf = ({ events }: RunOutcome) =>
  events.flatMap((event) => (event.type === 'warning' ? [[event.item, event.message]] : []));

/** Paths below the only folder of replaced/, and that folder. */
function replaced(made: Project): { folder: string; names: string[] } {
  const [time = '', ...more] = readdirSync(made.path('cache/replaced'));
  expect(more).toEqual([]);
  const folder = `cache/replaced/${time}`;
  const names = readdirSync(made.path(folder), { recursive: true, encoding: 'utf8' });
  return { folder, names: names.sort() };
}

describe('user files at an out', () => {
  it('are moved together, with one line that names the item', async () => {
    const made = project();
    made.write('results/labels.csv', 'by hand');
    made.write('results/sub/NOTES.md', 'notes');
    const run = await made.run('folder');
    expect(run.with('ran')).toEqual(['folder']);
    const { folder, names } = replaced(made);
    expect(warningsOf(run)).toEqual([
      ['folder', `results is not a result of this pipeline: moved to ${folder}/results`],
    ]);
    expect(folder).toMatch(/^cache\/replaced\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
    const inside = ['', '/labels.csv', '/sub', '/sub/NOTES.md'];
    expect(names).toEqual(inside.map((name) => `results${name}`));
    expect(made.read(`${folder}/results/labels.csv`)).toBe('by hand');
  });

  it('are moved back after an execution that wrote nothing there', async () => {
    const made = project();
    made.write('results/labels.csv', 'by hand');
    const failing = PIPELINE.replace('mkdir -p ${outs.o}/sub;', 'mkdir -p ${outs.o}; exit 1;');
    made.write('pipeline.yaml', failing);
    const run = await made.run('folder');
    expect(run.with('failed')).toEqual(['folder']);
    expect(warningsOf(run).map(([, message]) => message)).toEqual([
      expect.stringMatching(/^results is not a result of this pipeline: moved to /),
      expect.stringMatching(
        /^results has no result: the files that were there are moved back from cache\/replaced\//,
      ),
    ]);
    expect(made.read('results/labels.csv')).toBe('by hand');
    expect(readdirSync(made.path('cache/replaced'))).toEqual([]);
  });

  it.each(['one', 'two'])(
    'may be left from a run that was killed: then the message says so (%s)',
    async (word) => {
      const made = project();
      const waiting = PIPELINE.replace('echo b', 'test ! -e gate || read x < gate; echo b');
      made.write('pipeline.yaml', waiting);
      const first = await made.run('folder', '--set', 'word=one');
      expect(first.with('ran')).toEqual(['folder']);
      execFileSync('mkfifo', [made.path('gate')]);
      const killed = made.start('run', 'folder', '--set', 'word=cut', '--json');
      await killed.event((event) => event.type === 'start');
      await until(() => existsSync(made.path('results/a')) && made.read('results/a') === 'cut\n');
      killed.kill('SIGKILL');
      await killed.ended;
      made.remove('gate');
      const next = await made.run('folder', '--set', `word=${word}`);
      expect(next.with(word === 'one' ? 'restored' : 'ran')).toEqual(['folder']);
      expect(warningsOf(next)).toEqual([
        [
          'folder',
          expect.stringMatching(
            /^results is left from a run that was killed, or is yours: moved to cache\/replaced\//,
          ),
        ],
      ]);
      made.write('results/mine', 'x');
      const later = await made.run('folder', '--set', 'word=three');
      expect(warningsOf(later)[0]?.[1]).toMatch(
        /^results\/mine is not a result of this pipeline: /,
      );
    },
  );

  it('in a recorded folder move without the folder', async () => {
    const made = project();
    await made.run('folder');
    made.write('results/NOTES.md', 'notes');
    made.write('results/sub/b', 'edited');
    symlinkSync('../elsewhere', made.path('results/link'));
    const run = await made.run('folder', '--set', 'word=two');
    const { folder, names } = replaced(made);
    const kept = ['NOTES.md', 'link', 'sub', 'sub/b'].map((name) => `results/${name}`);
    expect(names).toEqual(['results', ...kept]);
    expect(warningsOf(run)).toEqual([
      [
        'folder',
        expect.stringMatching(
          /^results\/\S+ and 2 others below results are not results of this pipeline: moved to /,
        ),
      ],
    ]);
    expect(readlinkSync(made.path(`${folder}/results/link`))).toBe('../elsewhere');
    expect(made.read(`${folder}/results/sub/b`)).toBe('edited');
  });

  it('are kept when an edited result is restored', async () => {
    const made = project();
    await made.run('file');
    made.write('labels.csv', 'corrected by hand');
    const run = await made.run('file');
    expect(run.with('restored')).toEqual(['file']);
    const { folder } = replaced(made);
    expect(warningsOf(run)).toEqual([
      ['file', `labels.csv is not a result of this pipeline: moved to ${folder}/labels.csv`],
    ]);
    expect(made.read(`${folder}/labels.csv`)).toBe('corrected by hand');
    expect(made.read('labels.csv')).toBe('one\n');
  });

  it('include renamed recorded files', async () => {
    const made = project();
    await made.run('folder');
    mkdirSync(made.path('results/cats'));
    renameSync(made.path('results/a'), made.path('results/cats/a'));
    await made.run('folder');
    expect(replaced(made).names).toContain('results/cats/a');
  });

  it('may be links, which pipe does not follow', async () => {
    const made = project();
    made.write('data/precious', 'precious');
    mkdirSync(made.path('results'));
    symlinkSync('../data', made.path('results/data'));
    await made.run('folder');
    const { folder } = replaced(made);
    expect(lstatSync(made.path(`${folder}/results/data`)).isSymbolicLink()).toBe(true);
    expect(made.read('data/precious')).toBe('precious');
  });

  it('stay where they are when they cannot be moved, and the item fails', async () => {
    const made = project();
    made.write('labels.csv', 'by hand');
    await made.run('folder');
    made.write('cache/replaced', 'a file in the way');
    const run = await made.run('file');
    expect(run.items.file?.failure?.message).toMatch(
      /^labels.csv is not a result of this pipeline and cannot be moved to cache\/replaced \(\w+\): move it away, then run again$/,
    );
    expect(made.read('labels.csv')).toBe('by hand');
  });

  it.skipIf(ELSEWHERE === undefined)('move to a cache on another file system', async () => {
    const made = project();
    const other = mkdtempSync(path.join(ELSEWHERE!, 'pipe-test-'));
    onTestFinished(() => rmSync(other, { recursive: true }));
    made.env.PIPE_CACHE = other;
    made.write('results/deep/labels.csv', 'by hand');
    symlinkSync('nowhere', made.path('results/link'));
    const run = await made.run('folder');
    expect(run.with('ran')).toEqual(['folder']);
    const [time = ''] = readdirSync(path.join(other, 'replaced'));
    const kept = path.join(other, 'replaced', time, 'results');
    expect(warningsOf(run)).toEqual([
      ['folder', `results is not a result of this pipeline: moved to ${kept}`],
    ]);
    expect(readFileSync(path.join(kept, 'deep/labels.csv'), 'utf8')).toBe('by hand');
    expect(readlinkSync(path.join(kept, 'link'))).toBe('nowhere');
  });
});

describe('files that pipe wrote', () => {
  const quiet = async (made: Project, ...args: string[]): Promise<RunOutcome> => {
    const run = await made.run(...args);
    expect(warningsOf(run).filter(([, text]) => /moved|result of/.test(text ?? ''))).toEqual([]);
    expect(existsSync(made.path('cache/replaced'))).toBe(false);
    return run;
  };

  it('are removed silently in every ordinary flow', async () => {
    const made = project();
    await quiet(made);
    await quiet(made);
    await quiet(made, '--force');
    await quiet(made, '--set', 'word=three');
    await quiet(made, '--profile', 'other');
    expect((await quiet(made)).with('restored')).toContain('folder');
    made.remove('results/sub');
    await quiet(made, '--force', 'folder');
    expect((await made.pipe('verify')).code).toBe(0);
    await quiet(made);
  });

  it('are removed when a failed execution, or one of its retries, left them', async () => {
    const made = project();
    made.write('pipeline.yaml', PIPELINE.replace('outs: { o: results }', '$&\n    retries: 2'));
    expect((await quiet(made, 'folder', '--set', 'fail=1')).with('failed')).toEqual(['folder']);
    expect((await quiet(made, 'folder', '--set', 'fail=2')).with('failed')).toEqual(['folder']);
    expect((await quiet(made, 'folder')).with('ran')).toEqual(['folder']);
  });

  it('are removed after gc removed them from the cache', async () => {
    const made = project();
    await quiet(made, 'folder');
    // A later run saves stats of files that were written within the clock's tick.
    expect(await runUntilStill(made, 'folder')).toBe(true);
    rmSync(made.path('cache/v1/objects'), { recursive: true });
    rmSync(made.path('cache/v1/records'), { recursive: true });
    await quiet(made, 'folder', '--set', 'word=two');
  });

  it('are removed, except edited leftovers of a failure', async () => {
    const made = project();
    await quiet(made, 'folder', '--set', 'fail=1');
    made.write('results/a', 'ten');
    await made.run('folder');
    const { folder, names } = replaced(made);
    expect(names).toEqual(['results', 'results/a']);
    expect(made.read(`${folder}/results/a`)).toBe('ten');
  });
});

describe('a clone', () => {
  const TRACKED = `
params: { word: one, fail: 0 }
profiles: { other: { word: two } }
stages:
  report:
    cmd: mkdir -p \${outs.plots}/deep; for at in scores.json plots/a plots/deep/b; do echo '"'\${word}'"' > results/$at; done; ln -s a \${outs.plots}/link; exit \${fail}
    outs: { scores: results/scores.json, plots: results/plots }
  count:
    cmd: wc -c < \${deps.scores} > \${outs.o}
    deps: { scores: results/scores.json }
    outs: { o: results/count.txt }
`;

  /** A clone with what git tracks: the pipeline, its lock, and the outs. */
  async function clone(...args: string[]): Promise<Project> {
    const origin = projectWithin({ 'pipeline.yaml': TRACKED });
    expect((await origin.run(...args)).code).toBe(0);
    const made = projectWithin();
    for (const name of ['pipeline.yaml', 'pipeline.lock', 'results'])
      cpSync(origin.path(name), made.path(name), { recursive: true, verbatimSymlinks: true });
    return made;
  }

  it.each<[string, string[], string[]]>([
    ['of its own definition', [], []],
    ['of an earlier definition', [], ['--set', 'word=three']],
    ['of another profile', ['--profile', 'other'], []],
  ])('overwrites tracked results %s', async (_name, ran, args) => {
    const made = await clone(...ran);
    const run = await made.run(...args);
    expect(run.with('ran')).toEqual(['report', 'count']);
    expect(warningsOf(run)).toEqual([]);
    expect(readdirSync(made.path('cache/replaced'))).toEqual([]);
  });

  /** A clone by git, which tracks only a part of the folder. */
  function partialClone(origin: Project): Project {
    const git = (cwd: string, ...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd });
    origin.write('.gitignore', 'cache/\nresults/plots/a\n');
    git(origin.root, 'init', '--quiet');
    git(origin.root, 'add', '-A');
    git(origin.root, 'commit', '--quiet', '--allow-empty', '-m', 'x');
    const made = projectWithin();
    git(made.root, 'clone', '--quiet', origin.root, '.');
    return made;
  }

  it('overwrites a folder that git tracks only in part', async () => {
    const origin = projectWithin({ 'pipeline.yaml': TRACKED });
    await origin.run();
    const made = partialClone(origin);
    expect(existsSync(made.path('results/plots/a'))).toBe(false);
    const failing = await made.run('--set', 'fail=1');
    expect(warningsOf(failing).map(([, message]) => message)).toEqual([
      expect.stringMatching('^results/scores.json has no result: its former one is in'),
      expect.stringMatching('^results/plots has no result: its former one is in'),
    ]);
    const clean = partialClone(origin);
    const run = await clean.run();
    expect(run.with('ran')).toEqual(['report', 'count']);
    expect(warningsOf(run)).toEqual([]);
    expect(readdirSync(clean.path('cache/replaced'))).toEqual([]);
  });

  it.each<[string, (made: Project) => void]>([
    ['an edited file', (made) => made.write('results/plots/deep/b', 'mine')],
    ['an added file', (made) => made.write('results/plots/deep/c', 'mine')],
    [
      'an edited file that git must not compare',
      (made) => {
        const cwd = made.root;
        execFileSync('git', ['update-index', '--assume-unchanged', 'results/plots/deep/b'], {
          cwd,
        });
        made.write('results/plots/deep/b', 'mine');
      },
    ],
  ])('keeps %s in a folder that git tracks only in part', async (_name, edit) => {
    const origin = projectWithin({ 'pipeline.yaml': TRACKED });
    await origin.run();
    const made = partialClone(origin);
    edit(made);
    const run = await made.run();
    expect(run.with('ran')).toEqual(['report', 'count']);
    const { folder, names } = replaced(made);
    const files = names.filter((name) => /[bc]$/.test(name));
    expect(files.map((name) => made.read(`${folder}/${name}`))).toContain('mine');
  });

  it('has its tracked results back after a failure that wrote nothing', async () => {
    const made = await clone();
    const failing = TRACKED.replace('cmd: mkdir', 'cmd: exit 1; mkdir');
    made.write('pipeline.yaml', failing);
    const run = await made.run();
    expect(run.with('failed')).toEqual(['report']);
    expect(warningsOf(run)).toEqual([]);
    expect(made.read('results/scores.json')).toBe('"one"\n');
    expect(made.read('results/plots/deep/b')).toBe('"one"\n');
    expect(readdirSync(made.path('cache/replaced'))).toEqual([]);
  });

  it('keeps them if the failure wrote something else there', async () => {
    const made = await clone();
    const run = await made.run('--set', 'fail=1', '--set', 'word=two');
    expect(run.with('failed')).toEqual(['report']);
    expect(warningsOf(run).map(([, message]) => message)).toEqual(
      ['scores.json', 'plots'].map((name) =>
        expect.stringMatching(
          `^results/${name} has no result: its former one is in cache/replaced/[^/]+$`,
        ),
      ),
    );
    const names = readdirSync(made.path('cache/replaced'), { recursive: true, encoding: 'utf8' });
    const kept = names.find((name) => name.endsWith('results/scores.json'));
    expect(made.read(`cache/replaced/${kept}`)).toBe('"one"\n');
    expect((await made.run()).with('ran')).toEqual(['report', 'count']);
  });

  it('moves tracked results that were edited, renamed or extended', async () => {
    const made = await clone();
    made.write('results/scores.json', '"six"\n');
    renameSync(made.path('results/plots/a'), made.path('results/plots/c'));
    made.write('results/count.txt', '4\n');
    const run = await made.run();
    expect(run.with('ran')).toEqual(['report', 'count']);
    const names = readdirSync(made.path('cache/replaced'), { recursive: true, encoding: 'utf8' });
    const moved = names.flatMap((name) => name.match(/results\/.*/)?.[0] ?? []);
    expect(moved.sort()).toEqual(
      [
        'count.txt',
        'plots',
        'plots/c',
        'plots/deep',
        'plots/deep/b',
        'plots/link',
        'scores.json',
      ].map((name) => `results/${name}`),
    );
  });
});

describe('pipe cache', () => {
  /** Two moves, one of them this number of days ago. */
  async function moved(days: number): Promise<Project> {
    const made = project();
    await made.run('file');
    for (const [at, name] of ['old', 'new'].entries()) {
      made.write(`cache/replaced/2026-01-0${at + 1}T00-00-00/${name}`, 'x'.repeat(1000));
    }
    const [old, recent] = [days, 0].map((each) => new Date(Date.now() - each * 86_400_000));
    const name = (time: Date) => time.toISOString().slice(0, 19).replaceAll(':', '-');
    for (const [at, time] of [old as Date, recent as Date].entries()) {
      const from = made.path(`cache/replaced/2026-01-0${at + 1}T00-00-00`);
      const to = made.path(`cache/replaced/${name(time)}`);
      renameSync(from, to);
      utimesSync(to, time, time);
    }
    return made;
  }

  const left = (made: Project) =>
    readdirSync(made.path('cache/replaced')).flatMap((time) =>
      readdirSync(made.path(`cache/replaced/${time}`)),
    );

  it('stats counts them', async () => {
    const made = await moved(3);
    const { out } = await made.pipe('cache', 'stats');
    expect(out).toMatch(/^ {2}your files in replaced\/, moved 2 times: 2\.0 KiB$/m);
    const { bytes, replaced: found } = JSON.parse(
      (await made.pipe('cache', 'stats', '--json')).out,
    );
    expect(found).toEqual({ moves: 2, bytes: 2000 });
    expect(bytes).toBeGreaterThanOrEqual(2000);
  });

  it('gc removes files that were moved more than 30 days ago, and reports it', async () => {
    const younger = await moved(29);
    await younger.pipe('cache', 'gc');
    expect(left(younger)).toEqual(['old', 'new']);
    const older = await moved(31);
    expect((await older.pipe('cache', 'gc', '--dry')).out).toMatch(/^ +replaced\/\S+ +1\.0 KiB/m);
    expect(left(older)).toEqual(['old', 'new']);
    await older.pipe('cache', 'gc');
    expect(left(older)).toEqual(['new']);
  });

  it('gc removes the oldest above the limit, but nothing from the last day', async () => {
    const made = await moved(3);
    await made.pipe('cache', 'gc', '--max-size', '1500');
    expect(left(made)).toEqual(['new']);
    await made.pipe('cache', 'gc', '--max-size', '0');
    expect(left(made)).toEqual(['new']);
  });

  it('gc keeps nothing for a deleted clone, or one that has not run for 30 days', async () => {
    const made = project();
    const clones = ['gone', 'old', 'here'].map((name) => {
      const clone = project();
      clone.env.PIPE_CACHE = made.path('cache');
      return { name, clone };
    });
    for (const { name, clone } of clones) await clone.run('file', '--set', `word=${name}`);
    await made.run('folder');
    const projects = made.path('cache/v1/projects');
    const places = readdirSync(projects).filter((name) => name !== 'here');
    const folderOf = ({ root }: Project) => {
      const isIts = (name: string) =>
        readFileSync(path.join(projects, name, 'place.json'), 'utf8').includes(root);
      return path.join(projects, places.find(isIts) as string);
    };
    const [gone, old, here] = clones.map(({ clone }) => clone) as [Project, Project, Project];
    const [goneFolder, oldFolder] = [folderOf(gone), folderOf(old)];
    rmSync(gone.root, { recursive: true });
    const then = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(path.join(oldFolder, 'place.json'), then, then);
    age(made);
    await made.pipe('cache', 'gc', '--max-size', '0');
    const kept = JSON.parse((await made.pipe('cache', 'stats', '--json')).out);
    expect(kept.results.records).toBe(2);
    here.remove('labels.csv');
    expect((await here.run('file', '--set', 'word=here')).with('restored')).toEqual(['file']);
    expect([existsSync(goneFolder), existsSync(oldFolder)]).toEqual([true, false]);
  });
});

/** gc keeps what was stored within the last seconds. */
function age(made: Project): void {
  const then = new Date(Date.now() - 3_600_000);
  for (const kind of ['objects', 'records']) {
    const folder = made.path(`cache/v1/${kind}`);
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (statSync(path.join(folder, name)).isFile())
        utimesSync(path.join(folder, name), then, then);
    }
  }
}
