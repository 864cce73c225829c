/** Leftovers of another profile, a `--set` value or an earlier pipeline are not inputs. */
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** A stage for each letter, and a report of all files that the shell finds in their folder. */
function pipeline(folder: string, dep = folder): string {
  return `
params: { letters: [a] }
profiles: { paper: { letters: [a, b] } }
stages:
  s: { matrix: { l: "\${letters}" }, cmd: "echo \${l} > \${outs.o}", outs: { o: "${folder}/\${l}.txt" } }
  report: { cmd: "cat ${folder}/*.txt > \${outs.o}", deps: { s: "${dep}" }, outs: { o: report.txt } }
`;
}

async function good(project: Project, ...args: string[]): Promise<string> {
  const ended = await project.pipe(...args);
  expect([args.join(' '), ended.code, ended.err]).toEqual([args.join(' '), 0, ended.err]);
  return ended.out;
}

/** The default section of pipeline.lock. */
function lockOf(project: Project): string {
  const text = project.read('pipeline.lock');
  return /\ndefault:\n[\s\S]*?(?=\n\w|$)/.exec(text)?.[0].trim() ?? 'none';
}

/** The same project without a history. */
function cloneOf(project: Project, ...names: string[]): Project {
  const clone = projectWithin();
  for (const name of ['pipeline.yaml', ...names])
    cpSync(project.path(name), clone.path(name), { recursive: true });
  return clone;
}

describe.each([
  ['in cache/out/', 'cache/out/x', 'cache/out/x'],
  ['of the project', 'out/x', 'out/x'],
  ['below a folder that is the dep', 'out/x', 'out'],
  ['that a pattern matches', 'out/x', 'out/x/*.txt'],
  ['in cache/out/ that a pattern matches', 'cache/out/x', 'cache/out/x/*.txt'],
  ['that a pattern matches as a folder', 'out/x', 'out/*'],
])('outs of several items in a folder %s', (_, folder, dep) => {
  it('exclude those of another profile, in every command', async () => {
    const project = projectWithin({ 'pipeline.yaml': pipeline(folder, dep) });
    await good(project, 'run');
    const lock = lockOf(project);
    await good(project, 'run', '--profile', 'paper');
    expect(project.read('report.txt')).toBe('a\nb\n');
    await good(project, 'run', '--set', 'letters=[c]');
    expect(project.read('report.txt')).toBe('c\n');
    const back = await project.run();
    expect([back.with('ran'), back.with('failed')]).toEqual([[], []]);
    expect(project.read('report.txt')).toBe('a\n');
    expect(lockOf(project)).toBe(lock);
    await good(project, 'run', '--frozen');
    await good(project, 'verify');
  });

  it('are all that a process finds there', async () => {
    const project = projectWithin({ 'pipeline.yaml': pipeline(folder, dep) });
    await good(project, 'run', '--profile', 'paper');
    const first = await project.run();
    expect([first.with('ran'), project.read('report.txt')]).toEqual([['report'], 'a\n']);
    const clone = cloneOf(project);
    await good(clone, 'run');
    expect(clone.read('report.txt')).toBe('a\n');
    expect(lockOf(project)).toBe(lockOf(clone));
  });
});

describe("a folder with outs and the user's files", () => {
  const files = { 'pipeline.yaml': pipeline('out/x'), 'out/x/own.txt': 'own\n' };

  it("counts the user's files, and leftovers that the user has edited", async () => {
    const project = projectWithin(files);
    await good(project, 'run', '--profile', 'paper');
    expect(project.read('report.txt')).toBe('a\nb\nown\n');
    project.write('out/x/b.txt', 'mine\n');
    await good(project, 'run');
    expect(project.read('report.txt')).toBe('a\nmine\nown\n');
    project.write('out/x/own.txt', 'other\n');
    await good(project, 'run');
    expect(project.read('report.txt')).toBe('a\nmine\nother\n');
    await good(project, 'verify');
  });

  it("does not count a failed stage's partial out", async () => {
    const project = projectWithin(files);
    project.write(
      'pipeline.yaml',
      pipeline('out/x').replace('echo ${l} >', 'echo half > ${outs.o}; false >'),
    );
    expect((await project.pipe('run', '--profile', 'paper', '-k')).code).toBe(1);
    project.write('pipeline.yaml', pipeline('out/x').replace('[a]', '[c]'));
    await good(project, 'run');
    expect(project.read('report.txt')).toBe('c\nown\n');
  });

  it('counts a user file at the out of a failed stage', async () => {
    const failing =
      'stages: { get: { cmd: "echo half > ${outs.o}; false", outs: { o: data/a.txt } } }';
    const project = projectWithin({ 'pipeline.yaml': failing });
    expect((await project.pipe('run')).code).toBe(1);
    const report = (out: string) =>
      `stages: { report: { cmd: "cat data/*.txt > \${outs.o}", deps: [data], outs: { o: ${out} } } }`;
    project.write('pipeline.yaml', report('report.txt'));
    expect((await project.pipe('run')).code).toBe(2);
    expect(project.read('data/a.txt')).toBe('half\n');
    project.write('data/a.txt', 'whole\n');
    await good(project, 'run');
    expect(project.read('report.txt')).toBe('whole\n');
  });

  it('does not count leftovers of a former out that was the whole folder', async () => {
    const whole =
      'stages: { s: { cmd: "mkdir ${outs.o}; echo z > ${outs.o}/z.txt", outs: { o: out/x } } }';
    const project = projectWithin({ 'pipeline.yaml': whole });
    await good(project, 'run');
    project.write('pipeline.yaml', pipeline('out/x'));
    await good(project, 'run');
    expect(project.read('report.txt')).toBe('a\n');
  });

  it('ignores a folder that only contained leftovers', async () => {
    const deep = pipeline('data/deep/x', 'data').replace(
      'cat data/deep/x/*.txt',
      'find data -mindepth 1 | sort',
    );
    const project = projectWithin({ 'pipeline.yaml': deep, 'data/own.txt': 'own\n' });
    await good(project, 'run');
    project.write('pipeline.yaml', `stages: { report: ${/report: (.*)/.exec(deep)?.[1]} }`);
    await good(project, 'run');
    expect(project.read('report.txt')).toBe('data/own.txt\n');
    const clone = cloneOf(project, 'data');
    const [here, there] = [await project.run(), await clone.run()];
    expect([here.items.report?.key, here.with('fresh')]).toEqual([
      there.items.report?.key,
      ['report'],
    ]);
  });
});

/** One edit of the pipeline, or of user files in the folder. */
const step = fc.record({
  letters: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
  how: fc.constantFrom('profile', 'set', 'text'),
  own: fc.constantFrom(undefined, 'a', 'd', 'own'),
});

const shape = fc.constantFrom(
  ['cache/out/x', 'cache/out/x'],
  ['out/x', 'out/x'],
  ['out/x', 'out'],
  ['out/x', 'out/x/*.txt'],
  ['out/x', 'out/**/*.txt'],
  ['cache/out/x', 'cache/out/*'],
);

it.each(['made/a', 'cache/out/a', 'made'])(
  'counts at %s, the path of a dep, with a warning in each run',
  async (dep) => {
    const stages = (out: string) => `stages:
  a: { cmd: "mkdir -p ${out}; echo 1 > ${out}/a", outs: [${out}] }
  b: { cmd: "ls ${dep} > b.txt", deps: [${dep}], outs: [b.txt] }
  c: { cmd: "ls ${dep} > c.txt", deps: ["${dep}"], outs: [c.txt] }
`;
    const project = projectWithin({ 'pipeline.yaml': stages(dep) });
    const warnings = async (...args: string[]) =>
      (await project.run(...args)).events.flatMap((event) =>
        event.type === 'warning' ? [`${event.item}: ${event.message}`] : [],
      );
    expect(await warnings()).toEqual([]);
    const git = (...args: string[]) => execFileSync('git', args, { cwd: project.root });
    project.write('pipeline.yaml', stages('elsewhere'));
    const expected = [
      `b: its dep ${dep} is an out of an earlier pipeline, and no stage writes it now, so a clone will not have it. Correct the path. If the file is an input now, commit it, or move it to another path`,
    ];
    for (const args of [['--dry'], [], ['--frozen'], []])
      expect([args, await warnings(...args)]).toEqual([args, expected]);
    git('init', '-q');
    expect(await warnings()).toEqual(expected);
    git('add', '-f', dep);
    expect(await warnings()).toEqual([]);
  },
);

it('gives the same result after any runs as a clone without a history (property)', async () => {
  const property = fc.asyncProperty(
    shape,
    fc.array(step, { minLength: 2, maxLength: 4 }),
    async ([folder = '', dep = ''], steps) => {
      const project = projectWithin();
      const own = new Map<string, string>();
      for (const [at, { letters, how, own: name }] of steps.entries()) {
        const list = JSON.stringify(letters);
        const text = pipeline(folder, dep).replace('[a, b]', list);
        project.write('pipeline.yaml', how === 'text' ? text.replace('[a]', list) : text);
        if (
          name !== undefined &&
          !letters.some((letter) => letter === name) &&
          folder.startsWith('out')
        ) {
          own.set(`${folder}/${name}.txt`, `own ${at}\n`);
          project.write(`${folder}/${name}.txt`, `own ${at}\n`);
        }
        for (const letter of letters) own.delete(`${folder}/${letter}.txt`);
        const args = {
          profile: ['--profile', 'paper'],
          set: ['--set', `letters=${list}`],
          text: [],
        }[how];
        const clone = cloneOf(project);
        for (const [file, content] of own) clone.write(file, content);
        await good(project, 'run', ...args);
        await good(clone, 'run', ...args);
        expect(project.read('report.txt')).toBe(clone.read('report.txt'));
        const again = await project.run(...args);
        expect(again.with('fresh')).toHaveLength(letters.length + 1);
      }
    },
  );
  await fc.assert(property, { numRuns: 4 });
});
