/** A fork server, or the run that it works for, is killed at random moments. */
import { expect, test } from 'vitest';
import { HAS_PROC } from '../../../src/sys/proc.js';
import {
  MADE,
  madeIn,
  manyCommands,
  runByServer,
  server,
} from '../../process/support/by-server.js';
import { randomOf } from '../../process/support/lock-storm.js';
import { tempFolder } from '../../process/support/script.js';
import { MARK, processesMarked } from '../../rig/processes.js';
import { Project } from '../../rig/project.js';
import { until } from '../../rig/until.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test.runIf(HAS_PROC)(
  'a server that is killed leaves no command, whatever it has told about it',
  async () => {
    const random = randomOf(21);
    for (let round = 0; round < 100; round++) {
      const mark = `fork-${process.pid}-${round}`;
      const pid = await server();
      const running = runByServer(tempFolder(), 'sleep 1000', {
        env: { ...process.env, [MARK]: mark },
      });
      for (let turns = Math.floor(random() * 40); turns > 0; turns--) await turn();
      process.kill(pid, 'SIGKILL');
      expect((await running).ending).toEqual({ how: 'signal', signal: 'SIGKILL' });
      await until(() => processesMarked(mark).length === 0);
    }
  },
);

test.runIf(HAS_PROC)(
  'a killed run of many commands leaves no process that the next run does not end',
  async () => {
    const random = randomOf(25);
    for (let round = 0; round < 8; round++) {
      const project = new Project({ 'pipeline.yaml': manyCommands('0.01') });
      const mark = `killed-${process.pid}-${round}`;
      project.env[MARK] = mark;
      const first = project.start('run', '--concurrency', '8');
      const started = 30 + Math.floor(random() * 20);
      await until(() => project.lines('parents').length >= started);
      first.kill('SIGKILL');
      await first.ended;
      const { code } = await project.run('--concurrency', '8');
      expect(code).toBe(0);
      expect(madeIn(project)).toEqual(MADE);
      expect(processesMarked(mark)).toEqual([]);
      project.dispose();
    }
  },
);
