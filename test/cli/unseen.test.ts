/** Commands of several lines that go on behind one that fails. */
import { describe, expect, it } from 'vitest';
import { project } from '../rig/projects.js';

const PIPELINE = `params: { from: missing.txt }
stages:
  copy:
    matrix: { n: [1, 2] }
    cmd: |
      # What is copied is not there.
      cp \${from} "copy-\${n}.txt"
      echo done > \${outs.o}
    outs: { o: "done-\${n}.txt" }
  inline:
    cmd: "false\\ntrue > inline.txt"
    outs: [inline.txt]
  strict:
    cmd: |
      set -e
      true
      date > strict.txt
    outs: [strict.txt]
`;

const HINT =
  'since the shell goes on with the next line: begin the command with `set -e`, or with `set +e` if that is meant';
const COPY = `pipeline.yaml:7:7: a failure of \`cp \${from} "copy-\${n}.txt"\` would go unnoticed, ${HINT}`;
const INLINE = `pipeline.yaml:11:10: a failure of \`false\` would go unnoticed, ${HINT}`;

describe('a command that goes on behind a line that fails', () => {
  it('runs as the shell has it, with a warning for its stage that says where and what to do', async () => {
    const made = project({ 'pipeline.yaml': PIPELINE });
    const run = await made.run('--concurrency', '1');
    expect([run.code, run.with('ran')]).toEqual([0, ['copy@1', 'copy@2', 'inline', 'strict']]);
    expect(run.events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', item: 'copy@1', message: COPY },
      { type: 'warning', item: 'inline', message: INLINE },
    ]);
  });

  it('is not warned of where nothing is to run', async () => {
    const made = project({ 'pipeline.yaml': PIPELINE });
    await made.pipe('run');
    expect((await made.pipe('run')).out).toBe('pipe: 0 ran, 0 restored, 4 fresh\n');
    made.remove('inline.txt');
    expect((await made.pipe('run')).out).not.toContain('warning');
  });

  it('fails and is not warned of once it begins with set -e, and with set +e runs as before', async () => {
    const made = project({ 'pipeline.yaml': PIPELINE });
    made.write(
      'pipeline.yaml',
      PIPELINE.replace('# What', 'set -e # What').replace('"f', '"set +e\\nf'),
    );
    const { code, out } = await made.pipe('run', '-k');
    expect(code).toBe(1);
    expect(out).not.toContain('warning');
    expect(out.split('\n').at(-2)).toBe('pipe: 2 ran, 0 restored, 0 fresh, 2 failed');
  });

  it('is noted by doctor, which finds no fault with it', async () => {
    const made = project({ 'pipeline.yaml': PIPELINE });
    const { code, out } = await made.pipe('doctor');
    expect(code).toBe(0);
    expect(out.split('\n').slice(-4)).toEqual([
      'ok   pipeline.yaml: 3 stages, 4 items',
      `note copy: ${COPY}`,
      `note inline: ${INLINE}`,
      '',
    ]);
  });
});
