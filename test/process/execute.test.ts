/** Executions: every ending is data, and no process is left when it is over. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeEnding, type Outcome } from '../../src/process/outcome.js';
import { type Command, type Execution, execute } from '../../src/process/run-process.js';
import { HAS_PROC, statOf } from '../../src/sys/proc.js';
import { fifo, tempFolder } from './support/script.js';
import { byWay, WAYS } from './support/ways.js';

interface Run {
  readonly folder: string;
  readonly outcome: Outcome;
  readonly log: string;
}

function lives(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !stat.zombie;
}

/** Pids that a command has written, one a line. */
function pidsIn(file: string): number[] {
  return readFileSync(file, 'utf8').trim().split('\n').map(Number);
}

describe.each(WAYS)('started by %s', (way) => {
  async function run(command: Command | string, options: Partial<Execution> = {}): Promise<Run> {
    const folder = options.cwd ?? tempFolder();
    const log = join(folder, 'logs', 'item.log');
    const outcome = await execute({
      command: typeof command === 'string' ? { kind: 'shell', command } : command,
      cwd: folder,
      env: process.env,
      log,
      grace: 10,
      ...byWay(way),
      ...options,
    });
    return { folder, outcome, log: readFileSync(log, 'utf8') };
  }

  describe('an ending', () => {
    test.each<[string, Command | string, string]>([
      ['success', 'true', 'exit code 0'],
      ['failure', 'exit 3', 'exit code 3'],
      ['a signal', 'kill -SEGV $$', 'killed by SIGSEGV'],
      [
        'a program that is not there',
        { kind: 'argv', argv: ['no-such-program', 'x'] },
        'program "no-such-program" not found: is it installed, and its folder in PATH?',
      ],
      [
        'an argument list that is too long',
        { kind: 'argv', argv: ['true', 'x'.repeat(4_000_000)] },
        'the command is longer than the system allows: pass the list in a file',
      ],
    ])('%s is reported in a sentence', async (_, command, sentence) => {
      const { outcome } = await run(command);
      expect(describeEnding(outcome.ending)).toBe(sentence);
      expect(outcome.left).toEqual([]);
    });

    test('the message about a file that is not executable says what to do', async () => {
      const folder = tempFolder();
      writeFileSync(join(folder, 'script.sh'), '#!/bin/sh\n');
      chmodSync(join(folder, 'script.sh'), 0o644);
      const { outcome } = await run({ kind: 'argv', argv: ['./script.sh'] }, { cwd: folder });
      expect(describeEnding(outcome.ending)).toBe(
        '"./script.sh" is not executable: run chmod +x on it',
      );
    });

    test('the message about a missing folder names it', async () => {
      const folder = tempFolder();
      const outcome = await execute({
        command: { kind: 'argv', argv: ['true'] },
        cwd: join(folder, 'gone'),
        env: process.env,
        log: join(folder, 'log'),
        grace: 1,
        ...byWay(way),
      });
      expect(describeEnding(outcome.ending)).toBe(`the folder ${folder}/gone does not exist`);
    });

    test.each([
      [90, '1m30s'],
      [7200, '2h'],
      [0.5, '0.5s'],
      [45, '45s'],
    ])('a timeout of %d seconds reads %s', (after, text) => {
      expect(describeEnding({ how: 'timeout', after })).toBe(`timed out after ${text}`);
    });
  });

  describe('the process', () => {
    test('runs in its folder, without input, and only with the given environment', async () => {
      const { log, folder } = await run('pwd; cat; echo "$A-$HOME"', {
        env: { A: 'given', PATH: process.env.PATH },
      });
      expect(log).toBe(`${folder}\ngiven-\n`);
    });

    test('gets its arguments as they are, without a shell', async () => {
      const { log } = await run({ kind: 'argv', argv: ['printf', '%s\n', '$HOME', 'a b', '*'] });
      expect(log).toBe('$HOME\na b\n*\n');
    });

    test('writes both streams into its log, in the order in which it wrote', async () => {
      const { log } = await run('for i in 1 2 3; do echo out $i; echo err $i >&2; done');
      expect(log).toBe('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
    });

    test('carries the mark of its execution, also within another', async () => {
      const { log } = await run('echo $PIPE_EXECUTION', {
        env: { ...process.env, PIPE_EXECUTION: 'outer' },
      });
      expect(log).toMatch(new RegExp(`^outer/${process.pid}-\\d+\\.\\d+\\n$`));
    });

    test('does not start when the run is stopped already', async () => {
      const folder = tempFolder();
      const outcome = await execute({
        command: { kind: 'shell', command: 'touch started' },
        cwd: folder,
        env: process.env,
        log: join(folder, 'log'),
        grace: 1,
        ...byWay(way),
        stop: [AbortSignal.abort()],
      });
      expect(outcome.ending).toEqual({ how: 'stopped' });
      expect(existsSync(join(folder, 'started'))).toBe(false);
    });
  });

  describe('the tail of a failure', () => {
    test('is the last 20 lines as a terminal shows them', async () => {
      const { outcome } = await run(
        `for i in $(seq 30); do echo line $i; done; printf '10%%\\r50%%\\r100%%\\n\\033[31mred\\033[0m\\nno newline'; exit 1`,
      );
      expect(outcome.tail).toHaveLength(20);
      expect(outcome.tail.slice(-4)).toEqual(['line 30', '100%', 'red', 'no newline']);
    });

    test('is read only from the end, however long the log is', async () => {
      const { outcome } = await run(
        `head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end; exit 1`,
      );
      expect(outcome.tail.at(-1)).toBe('end');
      expect(outcome.tail.join('').length).toBeLessThan(2_000);
    });

    test('is empty after a success', async () => {
      expect((await run('echo fine')).outcome.tail).toEqual([]);
    });
  });

  describe('secrets', () => {
    test('are masked in the log and in the tail, on both streams', async () => {
      const { log, outcome } = await run('echo key $KEY; echo err $KEY >&2; exit 1', {
        env: { ...process.env, KEY: 'hunter2' },
        secrets: ['hunter2'],
      });
      expect(log.split('\n').sort()).toEqual(['', 'err ***', 'key ***']);
      expect(outcome.tail.toSorted()).toEqual(['err ***', 'key ***']);
    });

    test('are masked in long output too, which stays complete', async () => {
      const { log } = await run('for i in $(seq 20000); do echo line $i $KEY; done', {
        env: { ...process.env, KEY: 'hunter2' },
        secrets: ['hunter2'],
      });
      expect(log).toBe(Array.from({ length: 20_000 }, (_, i) => `line ${i + 1} ***\n`).join(''));
    });
  });

  describe('stopping', () => {
    test('sends SIGTERM to the whole group, which may clean up', async () => {
      const folder = tempFolder();
      const ready = fifo(folder);
      const stop = new AbortController();
      const running = run(
        `(trap 'echo child >> ended; exit' TERM; echo >ready; while :; do sleep 0.01; done) &
       trap 'wait; echo leader >> ended; exit 5' TERM; wait`,
        { cwd: folder, stop: [stop.signal] },
      );
      await ready;
      stop.abort();
      expect((await running).outcome.ending).toEqual({ how: 'stopped' });
      expect(readFileSync(join(folder, 'ended'), 'utf8')).toBe('child\nleader\n');
    });

    test('kills after the grace time a process that ignores SIGTERM', async () => {
      const folder = tempFolder();
      const ready = fifo(folder);
      const stop = new AbortController();
      const running = run(
        `trap '' TERM; echo $$ > pids; echo > ready; while :; do sleep 0.01; done`,
        { cwd: folder, stop: [stop.signal], grace: 0.1 },
      );
      await ready;
      stop.abort();
      expect((await running).outcome).toMatchObject({ ending: { how: 'stopped' }, left: [] });
      expect(pidsIn(join(folder, 'pids')).filter(lives)).toEqual([]);
    });

    test('a second time kills at once, whatever the grace time', async () => {
      const folder = tempFolder();
      const ready = fifo(folder);
      const stop = new AbortController();
      const kill = new AbortController();
      const running = run(`trap 'echo > ready' TERM; echo > ready; while :; do sleep 0.01; done`, {
        cwd: folder,
        stop: [stop.signal],
        kill: [kill.signal],
        grace: 3600,
      });
      await ready;
      const again = fifo(folder, false);
      stop.abort();
      await again;
      kill.abort();
      expect((await running).outcome.ending).toEqual({ how: 'stopped' });
    });

    test('a timeout does the same and is reported as such', async () => {
      const { outcome } = await run('sleep 1000 & wait', { timeout: 0.05 });
      expect(outcome.ending).toEqual({ how: 'timeout', after: 0.05 });
      expect(outcome.seconds).toBeLessThan(30);
    });
  });

  describe('a process left behind', () => {
    test('in its group is ended with it', async () => {
      const { folder, outcome } = await run('sleep 1000 & echo $! > pids; exit 0');
      expect(outcome).toMatchObject({ ending: { how: 'exit', code: 0 }, left: [] });
      expect(pidsIn(join(folder, 'pids')).filter(lives)).toEqual([]);
    });

    test('may end by itself within the grace time, like tee behind the output', async () => {
      const folder = tempFolder();
      mkdirSync(join(folder, 'out'));
      await run('(cat > out/copy) < /dev/null & (trap "" TERM; echo late > out/late) & exit 0', {
        cwd: folder,
      });
      expect(readFileSync(join(folder, 'out/late'), 'utf8')).toBe('late\n');
    });

    test.runIf(HAS_PROC)('in its own session is found by its mark and ended', async () => {
      const { folder, outcome } = await run(
        `echo daemon > name
       setsid sh -c 'echo $$ >> pids; setsid sh -c "echo \\$\\$ >> pids; : > up; sleep 1000" & sleep 1000' > /dev/null 2>&1 &
       while ! [ -e up ]; do :; done`,
      );
      expect(outcome).toMatchObject({ ending: { how: 'exit', code: 0 }, left: [] });
      const pids = pidsIn(join(folder, 'pids'));
      expect(pids).toHaveLength(2);
      expect(pids.filter(lives)).toEqual([]);
    });

    test.runIf(HAS_PROC)('in its own session is also ended when the run is stopped', async () => {
      const folder = tempFolder();
      const ready = fifo(folder);
      const stop = new AbortController();
      const running = run(
        `setsid sh -c 'trap "" TERM; echo $$ > pids; echo > ready; while :; do sleep 0.01; done' & sleep 1000`,
        { cwd: folder, stop: [stop.signal], grace: 0.1, secrets: ['piped'] },
      );
      await ready;
      stop.abort();
      expect((await running).outcome).toMatchObject({ ending: { how: 'stopped' }, left: [] });
      expect(pidsIn(join(folder, 'pids')).filter(lives)).toEqual([]);
    });
  });

  test('many concurrent executions do not affect each other', async () => {
    const runs = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        run(`echo ${i}; setsid sleep 1000 & echo $! > daemon; exit ${i}`),
      ),
    );
    expect(runs.map(({ outcome }) => outcome.ending)).toEqual(
      runs.map((_, code) => ({ how: 'exit', code })),
    );
    expect(runs.map(({ log }) => log)).toEqual(runs.map((_, i) => `${i}\n`));
    const daemons = runs.flatMap(({ folder }) => pidsIn(join(folder, 'daemon')));
    expect(daemons.filter(lives)).toEqual([]);
  });
});
