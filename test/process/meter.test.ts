/** CPU time and peak memory of an execution, with all its processes. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleNow } from '../../src/process/meter.js';
import type { Outcome } from '../../src/process/outcome.js';
import { execute } from '../../src/process/run-process.js';
import { HAS_PROC } from '../../src/sys/proc.js';
import { until } from '../rig/until.js';
import { tempFolder } from './support/script.js';
import { byWay, WAYS } from './support/ways.js';

const MB = 1_000_000;

/** Uses this many seconds of CPU time. */
const burn = (seconds: number) =>
  `node -e 'while (process.cpuUsage().user + process.cpuUsage().system < ${seconds * 1e6});'`;

/** Holds 200 MB until there is a file \`go\`. */
const HOLD = `const held = Buffer.alloc(${200 * MB}, 1);
require('fs').writeFileSync('held', '');
const timer = setInterval(() => {
  if (require('fs').existsSync('go')) clearInterval(timer);
}, 5);`;

describe.each(WAYS)('started by %s', (way) => {
  async function run(cwd: string, command: string): Promise<Outcome> {
    const log = join(cwd, 'item.log');
    return execute({
      command: { kind: 'shell', command },
      cwd,
      env: process.env,
      log,
      grace: 10,
      ...byWay(way),
    });
  }

  test.runIf(HAS_PROC)('counts the CPU time of grandchildren that it never saw alive', async () => {
    const { usage } = await run(tempFolder(), `sh -c "${burn(0.2)}"; (${burn(0.2)})`);
    expect(usage?.cpuSeconds).toBeGreaterThan(0.35);
    expect(usage?.cpuSeconds).toBeLessThan(5);
  });

  test.runIf(HAS_PROC)('of executions that end together, each has a share', async () => {
    const folder = tempFolder();
    const outcomes = await Promise.all([run(folder, burn(0.2)), run(folder, burn(0.2))]);
    const sum = outcomes.reduce((all, { usage }) => all + (usage?.cpuSeconds ?? 0), 0);
    expect(sum).toBeGreaterThan(0.35);
  });

  test.runIf(HAS_PROC)(
    'sums the memory of the tree, including a process that left the session',
    async () => {
      const folder = tempFolder();
      writeFileSync(join(folder, 'hold.js'), HOLD);
      const ended = run(folder, 'setsid node hold.js & wait');
      await until(() => existsSync(join(folder, 'held')));
      sampleNow();
      writeFileSync(join(folder, 'go'), '');
      const { usage } = await ended;
      expect(usage?.peakMemory).toBeGreaterThan(200 * MB);
      expect(usage?.peakMemory).toBeLessThan(600 * MB);
    },
  );

  test('a process that cannot be started uses nothing', async () => {
    const cwd = tempFolder();
    const command = { kind: 'argv', argv: ['no-such-program'] } as const;
    const log = join(cwd, 'item.log');
    const { usage } = await execute({
      command,
      cwd,
      env: process.env,
      log,
      grace: 10,
      ...byWay(way),
    });
    expect(usage).toBeUndefined();
  });
});
