/** Measures whole processes in turn, so that other load affects all of them: wall and CPU time. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Node 20 reads the bundle that it names at every start: unset for all. */
const { NODE_EXTRA_CA_CERTS: _unset, ...inherited } = process.env;
export const ENV = { ...inherited, CI: '1', NO_COLOR: '1' };

export const ROUNDS = Number(process.env.ROUNDS ?? 7);

/** What takes longer is measured less often, and the table says how often. */
const LONG_SECONDS = [
  [60, 1],
  [10, 5],
];

/** A peer that takes longer is not waited for. */
const MOST_SECONDS = Number(process.env.MOST_SECONDS ?? 300);

/** A folder that is gone when the process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(process.env.BENCH_TMP ?? tmpdir(), 'pipe-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const aside = temporaryFolder();
let moved = 0;

/**
 * Away from there, and removed at the end: ext4 without a journal creates files ten times as slowly
 * in the seconds after many were removed.
 */
export function moveAside(file) {
  if (existsSync(file)) renameSync(file, path.join(aside, String(moved++)));
}

/**
 * One execution; `bash` counts the CPU time of the process and of all that it waited for.
 *
 * @returns {{ wall: number, cpu: number } | { failed: string }} seconds
 */
export function timed({ argv, cwd, env = {} }) {
  const script = 'TIMEFORMAT="%R %U %S"; { time "$@" >/dev/null 2>"$LOG"; } 2>&1';
  const log = path.join(cwd, '.bench-stderr');
  // `timeout` ends all that the process has started, too.
  const bounded = ['timeout', '-s', 'KILL', String(MOST_SECONDS), ...argv];
  const { status, stdout } = spawnSync('bash', ['-c', script, 'bash', ...bounded], {
    cwd,
    env: { ...ENV, ...env, LOG: log },
    encoding: 'utf8',
  });
  const [wall = 0, user = 0, system = 0] = (stdout.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  if (wall >= MOST_SECONDS) return { failed: `more than ${MOST_SECONDS} s, not waited for` };
  if (status !== 0) return { failed: `it failed: ${readFileSync(log, 'utf8').slice(-200).trim()}` };
  return { wall, cpu: user + system };
}

/**
 * The commands in turn, A B C A B C …; `prepare` is called before each execution. What fails or
 * takes too long is left out from then on.
 *
 * @returns a map of name to { wall, cpu, rounds } (medians, seconds) or { failed }
 */
export function inTurn(commands, rounds = ROUNDS) {
  const runs = new Map(commands.map(({ name }) => [name, []]));
  const failed = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const command of commands) {
      const { name } = command;
      const before = runs.get(name);
      if (failed.has(name) || before.length >= most(before, rounds)) continue;
      command.prepare?.(round);
      const result = timed(command);
      if ('failed' in result) failed.set(name, result.failed);
      else before.push(result);
    }
  }
  return new Map(
    [...runs].map(([name, all]) => [
      name,
      failed.has(name)
        ? { failed: failed.get(name) }
        : {
            wall: median(all.map(({ wall }) => wall)),
            cpu: median(all.map(({ cpu }) => cpu)),
            rounds: all.length,
          },
    ]),
  );
}

function most([first], rounds) {
  if (first === undefined) return rounds;
  return LONG_SECONDS.find(([seconds]) => first.wall > seconds)?.[1] ?? rounds;
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Rows with the ratio to the floor, in wall and in CPU time. */
export function table(head, results, floor) {
  const base = results.get(floor);
  const lines = [
    `| ${head} | wall, ms | CPU, ms | × floor, wall | × floor, CPU | runs |`,
    '|---|---|---|---|---|---|',
  ];
  for (const [name, result] of results) {
    if ('failed' in result) {
      lines.push(`| ${name} | ${result.failed} | | | | |`);
      continue;
    }
    const { wall, cpu, rounds } = result;
    const ratios = [wall / base.wall, cpu / base.cpu].map((ratio) => ratio.toFixed(2));
    lines.push(
      `| ${name} | ${milliseconds(wall)} | ${milliseconds(cpu)} | ${ratios.join(' | ')} | ${rounds} |`,
    );
  }
  return lines.join('\n');
}

function milliseconds(seconds) {
  return Math.round(seconds * 1000).toLocaleString('en');
}
