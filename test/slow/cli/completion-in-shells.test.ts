/** `pipe completion`: in bash, zsh and fish themselves. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, type Project, surroundings } from '../../rig/project.js';
import { project, projectWithin } from '../../rig/projects.js';
import { HAS_TMUX, TestTerminal } from '../../rig/terminal.js';

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

/** With `pipe` in bin/, as a shell finds it. */
function ready(pipeline = PIPELINE): Project {
  const made = project({
    'pipeline.yaml': pipeline,
    'bin/pipe': `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`,
  });
  chmodSync(made.path('bin/pipe'), 0o755);
  return made;
}

/** For checks without a shell. */
const within = (pipeline = PIPELINE) => projectWithin({ 'pipeline.yaml': pipeline });

/** The same, with the script of this shell in the variable SCRIPT. */
async function readyFor(name: string): Promise<Project> {
  const made = ready();
  made.env.SCRIPT = (await within().pipe('completion', name)).out;
  return made;
}

function shell(made: Project, command: string, args: readonly string[]): string[] {
  const env = surroundings({ ...made.env, PATH: `${made.path('bin')}:${process.env.PATH}` });
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: made.root,
    env,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

const has = (command: string) => spawnSync(command, ['--version']).status === 0;

describe.runIf(has('bash'))('bash', () => {
  /** The completions that bash gets for words that it has split; `last` is the part that it would replace. */
  const completed = (made: Project, words: readonly string[], last: string, written: string) =>
    shell(made, 'bash', [
      '--norc',
      '-c',
      `eval "$SCRIPT"
complete -p pipe | grep -q -- '-F _pipe_complete' || exit 9
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=("\${@:3}")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_pipe_complete pipe "$2" ""
printf '%s\\n' "\${COMPREPLY[@]}"`,
      'bash',
      written,
      last,
      ...words,
    ]);

  it.each<[string, string[], string, string[]]>([
    ['pipe stat', ['pipe', 'stat'], 'stat', ['status']],
    ['pipe run ', ['pipe', 'run', ''], '', ['prepare', 'train']],
    ['pipe run train@f', ['pipe', 'run', 'train', '@', 'f'], '@f', ['@faces']],
    [
      'pipe run --set=train.e',
      ['pipe', 'run', '--set', '=', 'train.e'],
      'train.e',
      ['train.epochs='],
    ],
    ['pipe run --set train.e', ['pipe', 'run', '--set', 'train.e'], 'train.e', ['train.epochs=']],
    ['pipe run --profile=', ['pipe', 'run', '--profile', '='], '', ['paper', 'quick']],
    [
      'pipe run --set="train.e',
      ['pipe', 'run', '--set', '=', '"train.e'],
      'train.e',
      ['train.epochs='],
    ],
    ['pipe  -C  .  status   pre', ['pipe', '-C', '.', 'status', 'pre'], 'pre', ['prepare']],
  ])('completes `%s`', async (written, words, last, expected) => {
    expect(completed(await readyFor('bash'), words, last, written)).toEqual(expected);
  });
});

describe.runIf(has('zsh'))('zsh', () => {
  it.each<[string, string, string[], string]>([
    ['run', 'tr', ['train', 'train@faces', 'train@animals'], '-l'],
    ['run --set', 'train.e', ['train.epochs='], '-S'],
    ['run', '--set=im', ['--set=image.size='], '-S'],
  ])('completes `pipe %s %s`', async (before, typed, expected, first) => {
    // Only an interactive zsh has the builtin compadd: a function in its place prints what it is given.
    const script = `compdef() { :; }
eval "$SCRIPT"
compadd() { print -r -- "$1"; print -rl -- "\${(@)values}"; }
words=(pipe ${before} ${typed}) CURRENT=$#words PREFIX=${typed}
_pipe`;
    const lines = shell(await readyFor('zsh'), 'zsh', ['-f', '-c', script]);
    expect(lines).toEqual([first, ...expected]);
  });
});

describe.runIf(has('fish'))('fish', () => {
  it.each([
    ['pipe stat', ['status\tshow each item: fresh, or why not']],
    ['pipe run pre', ['prepare\tcuts squares']],
    ['pipe run train@', ['train@faces', 'train@animals']],
    ['pipe run --set=train.', ['--set=train.lr=\t0.1', '--set=train.epochs=\t3']],
    ['pipe -C b', ['bin/']],
  ])('completes `%s`', async (written, expected) => {
    const made = await readyFor('fish');
    const script = `echo $SCRIPT | source; complete -C '${written}'`;
    const home = {
      HOME: made.root,
      XDG_CONFIG_HOME: made.path('.config'),
      XDG_DATA_HOME: made.path('.data'),
    };
    Object.assign(made.env, home);
    expect(shell(made, 'fish', ['--no-config', '-c', script])).toEqual(expected);
  });
});

describe.runIf(HAS_TMUX)('the Tab key', () => {
  it.for<[string, (made: Project) => string[]]>([
    ['bash', (made) => ['--rcfile', made.path('rc'), '-i']],
    ['zsh', () => ['-i']],
  ])('completes items and params in an interactive %s', async ([name, args], { skip }) => {
    skip(!has(name), `${name} is not installed`);
    const made = ready();
    const rc = `PS1='ready> '\nPATH="$PWD/bin:$PATH"\n`;
    made.write('rc', `${rc}eval "$(pipe completion bash)"\n`);
    made.write('.zshrc', `${rc}autoload -U compinit\ncompinit -D\neval "$(pipe completion zsh)"\n`);
    const env = { ...made.env, ZDOTDIR: made.root };
    const terminal = new TestTerminal(made.root, env, args(made), undefined, name);
    try {
      await terminal.line(/^ready>/);
      terminal.press('pipe run train@f', 'Tab');
      await terminal.line(/^ready> pipe run train@faces/);
      terminal.press('--set=train.e', 'Tab');
      await terminal.line(/^ready> pipe run train@faces --set=train\.epochs=$/);
    } finally {
      terminal.close();
    }
  });
});

it.each(['bash', 'zsh', 'fish'].filter(has))('%s accepts its script', async (name) => {
  const made = await readyFor(name);
  made.write('script', made.env.SCRIPT ?? '');
  execFileSync(name, ['-n', path.join(made.root, 'script')]);
});
