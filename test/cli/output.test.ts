/** A run whose output cannot be written, and filtering of a stage's text. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { platform } from 'node:os';
import { describe, expect, it } from 'vitest';
import { statOf } from '../../src/sys/proc.js';
import { MARK, processesMarked } from '../rig/processes.js';
import { BIN, type Project, surroundings } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { HAS_TMUX } from '../rig/terminal.js';
import { until } from '../rig/until.js';
import { fileAppears } from './support/output.js';

const LONG = { 'pipeline.yaml': "stages: { a: { cmd: 'touch started; sleep 300' } }\n" };

function marked(files: Readonly<Record<string, string>>): Project {
  const made = project(files);
  made.env[MARK] = made.root;
  return made;
}

interface End {
  readonly code: number | null;
  readonly err: string;
}

function endOf(child: ChildProcess): Promise<End> {
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, err }));
  });
}

function pipeTo(made: Project, stdout: number, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], {
    cwd: made.root,
    env: surroundings(made.env),
    stdio: ['ignore', stdout, 'pipe'],
  });
}

describe.runIf(platform() === 'linux')('a run', () => {
  it('with a full stdout ends cleanly and reports it', async () => {
    const made = marked(LONG);
    const { code, err } = await endOf(pipeTo(made, openSync('/dev/full', 'w'), 'run'));
    expect([code, err]).toEqual([
      1,
      'pipe: error: stdout cannot be written: no space left on the disk\n',
    ]);
    expect(processesMarked(made.root)).toEqual([]);
  });

  it('reports it even with nothing to do', async () => {
    const made = project({ 'pipeline.yaml': "stages: { a: { cmd: 'true' } }\n" });
    for (let run = 0; run < 3; run++) expect((await made.pipe('run')).code).toBe(0);
    const { code, err } = await endOf(pipeTo(made, openSync('/dev/full', 'w'), 'run'));
    expect(code).toBe(1);
    expect(err).toContain('pipe: error: stdout cannot be written');
  });

  it.each(['SIGQUIT', 'SIGUSR2', 'SIGXCPU'] as const)('ends its stages at %s', async (signal) => {
    const made = marked(LONG);
    const running = made.start('run');
    await fileAppears(made.path('started'));
    running.kill(signal);
    expect((await running.ended).code).toBe(130);
    expect(processesMarked(made.root)).toEqual([]);
  });

  const FIFO = {
    'pipeline.yaml': "stages: { a: { cmd: 'touch started; cat go; echo 1 > o', outs: [o] } }\n",
  };

  it.each([
    ['nohup itself', 'nohup "$0" "$1" run; true'],
    ['a script under nohup', 'trap "" HUP; "$0" "$1" run; true'],
  ])('continues after SIGHUP under %s', async (_, script) => {
    const made = marked(FIFO);
    execFileSync('mkfifo', [made.path('go')]);
    // With bash, which puts the name of the started program into `_`.
    const child = spawn('bash', ['-c', script, process.execPath, BIN], {
      cwd: made.root,
      env: surroundings(made.env),
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    // Closes when the run ends, which outlives its shell.
    child.stdout.resume();
    const ended = endOf(child);
    await fileAppears(made.path('started'));
    process.kill(-(child.pid as number), 'SIGHUP');
    // After the end of the run, no process would read it.
    spawnSync('sh', ['-c', 'echo go > go'], { cwd: made.root, timeout: 60_000 });
    await ended;
    expect(made.read('o')).toBe('1\n');
  });
});

describe.runIf(HAS_TMUX)('a run whose terminal is closed', () => {
  /** Closes the terminal once the stage has begun; returns the exit code that the shell saw. */
  async function codeAfterClosing(made: Project, trap: string): Promise<string> {
    const socket = `pipe-gone-${process.pid}-${trap.length}`;
    const tmux = ['-L', socket, '-f', '/dev/null'];
    made.write(
      'run.sh',
      `trap ${trap} HUP\n${MARK}=${made.root} ${process.execPath} ${BIN} run\necho $? > draft; mv draft code\n`,
    );
    // The terminal's shell ends by the hangup, which all processes below it receive.
    const script = 'sh run.sh; true';
    // Only for the run: the shell stays alive to note the exit code.
    const { CI: _, [MARK]: __, ...env } = surroundings(made.env);
    execFileSync('tmux', [...tmux, 'new-session', '-d', '-c', made.root, script], { env });
    await fileAppears(made.path('started'));
    const shell = Number(execFileSync('tmux', [...tmux, 'list-panes', '-F', '#{pane_pid}']));
    execFileSync('tmux', [...tmux, 'kill-server']);
    // The hangup may come later, but comes before the end of the terminal's shell.
    await until(() => statOf(shell)?.zombie !== false);
    if (trap === "''") made.write('go', '');
    await fileAppears(made.path('code'));
    return made.read('code').trim();
  }

  const WAITING = {
    'pipeline.yaml':
      "stages: { a: { cmd: 'touch started; while [ ! -e go ]; do sleep 0.05; done; echo 1 > o', outs: [o] } }\n",
  };

  it('ends cleanly, without a crash', async () => {
    const made = marked(WAITING);
    expect(await codeAfterClosing(made, ':')).toBe('130');
    expect(processesMarked(made.root)).toEqual([]);
  });

  it('continues if hangups are ignored, and ends without a crash', async () => {
    const made = marked(WAITING);
    expect(await codeAfterClosing(made, "''")).toBe('0');
    expect(made.read('o')).toBe('1\n');
  });
});

describe('the text of a stage', () => {
  const ESC = '\u001b';

  it('contains no secret, neither in a log nor in its progress', async () => {
    const made = project({
      'pipeline.yaml': `
stages:
  first: { cmd: 'echo "$TOKEN" > \${outs.o}; echo "1 2 $TOKEN" >> "$PIPE_PROGRESS"', outs: { o: o }, secrets: [TOKEN] }
  last: { cmd: 'echo "env:$TOKEN" > \${outs.e}; cat \${deps.o}; exit 1', deps: { o: o }, outs: { e: e } }
`,
    });
    made.env.TOKEN = 'hunter2hunter2';
    const { events, items } = await made.run();
    expect(events.find((event) => event.type === 'progress')).toMatchObject({ unit: '***' });
    expect(items.last?.failure?.tail).toEqual(['***']);
    expect(JSON.stringify(events)).not.toContain('hunter2');
    expect(made.read('e')).toBe('env:\n');
    expect((await made.pipe('log', 'last')).out).toBe('***\n');
  });

  it('cannot control a terminal', async () => {
    const made = project({
      'pipeline.yaml':
        'stages: { a: { cmd: \'printf "\\\\033]0;title\\\\007red \\\\033[31m\\\\bx\\\\n"; exit 1\' } }\n',
    });
    const { out } = await made.pipe('run');
    expect(out).toContain('  | red x\n');
    expect(out).not.toContain(ESC);
    // In a file, the text is unfiltered.
    expect((await made.pipe('log', 'a')).out).toContain(ESC);
  });
});

describe.runIf(platform() === 'linux')('a file that cannot be written after the work', () => {
  it('is named in an error line, and the exit code is 1', async () => {
    const made = project({
      'pipeline.yaml': "stages: { a: { cmd: 'echo 1 > o', outs: [o] } }\n",
      'no-folder': '',
    });
    const run = await made.pipe('run', '--summarize', '/dev/full');
    expect([run.code, run.err]).toEqual([
      1,
      'pipe: error: /dev/full cannot be written: no space left on the disk\n',
    ]);
    expect(run.out).toContain('pipe: 1 ran, 0 restored, 0 fresh\n');
    Object.assign(made.env, { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: 'no-folder/summary' });
    const verify = await made.pipe('verify', '--report', 'no-folder/report.md');
    expect([verify.code, verify.out]).toEqual([1, expect.stringContaining('pipe: 1 same\n')]);
    expect(verify.err).toMatch(
      /^pipe: error: no-folder\/report\.md cannot be written: .*\npipe: error: no-folder\/summary cannot be written: .*\n$/,
    );
  });
});
