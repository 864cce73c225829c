/** A run with temporary outs that is killed: the next run completes it, and leaves none of them. */
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { Project } from '../../rig/project.js';

const PIPELINE = `stages:
  unpack:
    cmd: cp a.txt \${outs.a}; mkdir \${outs.b} && cp a.txt \${outs.b}/one && cp a.txt \${outs.b}/two
    deps: [a.txt]
    outs: { a: { path: tmp-a, temp: true }, b: { path: tmp-b, temp: true } }
  sort:
    cmd: cat \${deps.a} \${deps.b}/two > \${outs.o}
    deps: { a: tmp-a, b: tmp-b }
    outs: { o: { path: tmp-c, temp: true } }
  read:
    matrix: { n: [1, 2] }
    cmd: cat \${deps.c} \${deps.n} > \${outs.o}
    deps: { c: tmp-c, n: "n\${n}.txt" }
    outs: { o: "o\${n}.txt" }
`;

/** @param moments a run is killed after so many of its events, each time with another content of a file */
export async function checkTempKills(moments: readonly number[]): Promise<void> {
  const made = new Project({ 'pipeline.yaml': PIPELINE, 'a.txt': 'a\n', 'n2.txt': '2\n' });
  try {
    for (const [at, moment] of moments.entries()) {
      made.write('n1.txt', `${at}\n`);
      const run = made.start('run', '--json');
      let events = 0;
      await run.events((all) => {
        events = all.length;
        return events >= moment || all.some(({ type }) => type === 'summary');
      });
      run.kill('SIGKILL');
      await run.ended;
      const next = await made.run();
      expect([moment, next.code, next.err]).toEqual([moment, 0, '']);
      expect(made.read('o1.txt')).toBe(`a\na\n${at}\n`);
      expect(made.read('o2.txt')).toBe('a\na\n2\n');
      for (const name of ['tmp-a', 'tmp-b', 'tmp-c'])
        expect([moment, name, existsSync(made.path(name))]).toEqual([moment, name, false]);
      expect((await made.run()).summary).toMatchObject({ ran: 0, restored: 0, fresh: 4 });
    }
  } finally {
    made.dispose();
  }
}
