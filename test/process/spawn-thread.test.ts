/** After some starts, another thread starts the processes; nobody else can tell the difference. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/process/outcome.js';
import { type Command, execute } from '../../src/process/run-process.js';
import { HAS_PROC, statOf } from '../../src/sys/proc.js';
import { randomOf } from './support/lock-storm.js';
import { tempFolder } from './support/script.js';

const folder = tempFolder();

function run(name: string, command: Command, options: { timeout?: number } = {}) {
  const log = join(folder, `${name}.log`);
  return execute({
    command,
    cwd: folder,
    env: { ...process.env, NAME: name },
    log,
    grace: 5,
    ...options,
  });
}

const shell = (command: string): Command => ({ kind: 'shell', command });

/** True if the main thread of this process has forked the shell that asks. */
async function startsFromMainThread(): Promise<boolean> {
  const children = `/proc/${process.pid}/task/${process.pid}/children`;
  const { ending } = await run('asks', shell(`grep -qw $$ ${children}`));
  return ending.how === 'exit' && ending.code === 0;
}

test.runIf(HAS_PROC)(
  'the first processes start from the main thread, later ones do not',
  async () => {
    while (await startsFromMainThread());
  },
);

/** A command, and what its outcome must be. */
type Draw = [command: Command, ending: Outcome['ending'], log?: string];

const KINDS: readonly ((random: () => number, name: string) => Draw)[] = [
  (random) => {
    const code = Math.floor(256 * random());
    return [shell(`exit ${code}`), { how: 'exit', code }];
  },
  (random) => {
    const signal = random() < 0.5 ? 'SIGSEGV' : 'SIGTERM';
    return [shell(`kill -${signal.slice(3)} $$`), { how: 'signal', signal }];
  },
  (_, name) => [
    shell('echo "$NAME"; echo error >&2'),
    { how: 'exit', code: 0 },
    `${name}\nerror\n`,
  ],
  () => [
    { kind: 'argv', argv: ['no-such-program'] },
    {
      how: 'unstartable',
      message: 'program "no-such-program" not found: is it installed, and its folder in PATH?',
    },
  ],
  () => [
    { kind: 'argv', argv: ['true', 'x'.repeat(4_000_000)] },
    {
      how: 'unstartable',
      message: 'the command is longer than the system allows: pass the list in a file',
    },
  ],
];

test('each of many processes at once ends as it does from the main thread', async () => {
  const random = randomOf(7);
  const draws = Array.from({ length: 60 }, (_, at) => {
    const name = `draw-${at}`;
    return {
      name,
      draw: (KINDS[Math.floor(KINDS.length * random())] as (typeof KINDS)[0])(random, name),
    };
  });
  await Promise.all(
    draws.map(async ({ name, draw: [command, ending, log] }) => {
      const outcome = await run(name, command);
      expect(outcome.ending).toEqual(ending);
      expect(outcome.left).toEqual([]);
      if (log !== undefined) expect(readFileSync(join(folder, `${name}.log`), 'utf8')).toBe(log);
    }),
  );
});

test('a timeout ends its whole group', async () => {
  const pid = join(folder, 'pid');
  writeFileSync(pid, '');
  const { ending, left } = await run('slow', shell(`sleep 60 & echo $! > ${pid}; wait`), {
    timeout: 0.5,
  });
  expect(ending).toEqual({ how: 'timeout', after: 0.5 });
  expect(left).toEqual([]);
  expect(statOf(Number(readFileSync(pid, 'utf8')))?.zombie ?? true).toBe(true);
});
