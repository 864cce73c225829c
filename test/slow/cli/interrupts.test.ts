/** Interrupted runs, and stages that resist; test/long/ interrupts more of them. */
import { platform } from 'node:os';
import { describe, expect, it } from 'vitest';
import { interruptRounds } from '../../cli/support/interrupts.js';
import { randomOf } from '../../process/support/lock-storm.js';
import { commandLine, MARK, processesMarked } from '../../rig/processes.js';
import { Project } from '../../rig/project.js';

describe.runIf(platform() === 'linux').concurrent('no process survives', () => {
  it('a run interrupted at any moment, and the next one completes it', async () => {
    for (const { end, left, wrong } of await interruptRounds(2, randomOf(1))) {
      expect([0, 130, 'before', 'after']).toContain(end);
      expect({ left, wrong }).toEqual({ left: [], wrong: [] });
    }
  });

  it('a stage that times out and ignores SIGTERM, daemons included', async () => {
    const project = new Project({
      'pipeline.yaml': `
stages:
  deaf:
    cmd: trap '' TERM; setsid -f sh -c 'trap "" TERM; sleep 300' > /dev/null 2>&1; echo begun >> begun.txt; while :; do sleep 1; done
    outs: [out.txt]
    timeout: 1s
  beside: { cmd: 'echo x > x.txt', outs: [x.txt] }
`,
    });
    project.env[MARK] = project.root;
    try {
      const run = await project.run('-k');
      expect(run.code).toBe(1);
      expect(run.items.deaf?.failure?.message).toBe('timed out after 1s');
      expect(run.with('ran')).toEqual(['beside']);
      expect(project.lines('begun.txt')).toEqual(['begun']);
      expect(processesMarked(project.root).map(commandLine)).toEqual([]);
    } finally {
      project.dispose();
    }
  });
});
