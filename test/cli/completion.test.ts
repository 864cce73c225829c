/** `pipe completion`: the candidates; test/slow/ tests the shells. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { project, projectWithin } from '../rig/projects.js';

const PIPELINE = `
params: { train: { lr: 0.1, epochs: 3 }, image: { size: 100 } }
profiles: { paper: { train: { epochs: 350 } }, quick: { train: { epochs: 1 } } }
stages:
  prepare: { desc: cuts squares, cmd: "echo > \${outs.o}", outs: { o: p.txt } }
  train:
    matrix: { data: [faces, animals] }
    cmd: "echo \${data} > \${outs.o}"
    deps: [p.txt]
    outs: { o: "t-\${data}.txt" }
    params: [train]
`;

const within = (pipeline = PIPELINE) => projectWithin({ 'pipeline.yaml': pipeline });

/** The words of `pipe completion candidates`, without their help. */
async function candidates(made: Project, ...words: string[]): Promise<string[]> {
  const { code, out, err } = await made.pipe('completion', 'candidates', '--', ...words);
  expect([code, err]).toEqual([0, '']);
  return out.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

describe('candidates', () => {
  it.each<[string, string[], string[]]>([
    ['commands', ['stat'], ['status']],
    ['commands after help', ['help', 'wa'], ['watch']],
    ['options of a command', ['run', '--f'], ['--force', '--frozen', '--frozen=keys']],
    ['options of a part of a command', ['cache', 'gc', '--max'], ['--max-size', '--max-age']],
    ['the choices of an option', ['run', '--frozen='], ['--frozen=keys']],
    ['no option twice that counts once', ['run', '--dry', '--dr'], []],
    ['parts of a command', ['cache', ''], ['stats', 'verify', 'gc']],
    ['stages', ['run', ''], ['prepare', 'train']],
    [
      'the items of the one stage that fits',
      ['why', 'tr'],
      ['train', 'train@faces', 'train@animals'],
    ],
    ['items', ['log', 'train@f'], ['train@faces']],
    ['nothing that the line has already', ['run', 'prepare', 'pre'], []],
    ['params after --set', ['run', '--set', 'train.'], ['train.lr=', 'train.epochs=']],
    ['params in --set=', ['run', '--set=im'], ['--set=image.size=']],
    ['params of pipe params', ['params', 'tr'], ['train.lr', 'train.epochs']],
    ['profiles after --profile', ['status', '--profile', ''], ['paper', 'quick']],
    ['parts after an option with a value', ['metrics', '--profile', 'quick', 'd'], ['diff']],
    ['words in quotes', ['run', '"tra'], ['train', 'train@faces', 'train@animals']],
    ['nothing of a command that does not exist', ['bogus', ''], []],
    ['nothing after -C: the shell completes folders', ['-C', ''], []],
  ])('are %s', async (_, words, expected) => {
    const made = within();
    expect(await candidates(made, ...words)).toEqual(expected);
    // It is not a run, so it writes nothing.
    expect(existsSync(made.path('cache'))).toBe(false);
  });

  it('come from the folder of -C', async () => {
    const made = projectWithin({ 'in/pipeline.yaml': PIPELINE });
    expect(await candidates(made, 'run', '')).toEqual([]);
    expect(await candidates(made, '-C', 'in', 'run', '')).toEqual(['prepare', 'train']);
    expect(await candidates(made, 'run', '-C', 'in', 'pr')).toEqual(['prepare']);
  });

  it('are empty, without output on stderr, if pipeline.yaml is invalid or the folder is missing', async () => {
    expect(await candidates(within('stages: [\n'), 'run', '')).toEqual([]);
    expect(await candidates(within('stages: { a: { cmds: x } }\n'), 'run', '--set', '')).toEqual(
      [],
    );
    expect(await candidates(within(), '-C', 'nowhere', 'run', '')).toEqual([]);
    expect(await candidates(within(), 'run', '--profile', 'nobody', '')).toEqual([]);
  });

  it('include the options of every command that --help lists', async () => {
    const made = within();
    const commands = await candidates(made, '');
    const { out } = await project().pipe('--help');
    expect(commands).toEqual([...out.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name]) => name));
    for (const name of commands) expect(await candidates(made, name, '--he')).toEqual(['--help']);
  });
});

it('another shell, or none, is a user error', async () => {
  const made = project();
  for (const words of [[], ['tcsh']]) {
    const { code, out, err } = await made.pipe('completion', ...words);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(
      /^error: pipe completion (needs a shell: bash|does not support "\w+", only bash), zsh (or|and) fish \(no-subcommand\)\n/,
    );
  }
});
