/** A command fails at its failing line: under `sh -e`, and under `bash -euo pipefail`. */
import { symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

/** A stage that writes its out after the line. */
function pipeline(line: string, shell?: 'sh' | 'bash'): string {
  return `stages:\n${stage('s', line, shell)}`;
}

function stage(name: string, line: string, shell?: 'sh' | 'bash'): string {
  const chosen = shell === undefined ? '' : `    shell: ${shell}\n`;
  const command = [...line.split('\n'), 'echo done > ${outs.o}'].join('\n      ');
  return `  ${name}:\n${chosen}    cmd: |\n      ${command}\n    outs: { o: ${name}.txt }\n`;
}

/** Whether each line fails under each shell. */
const LINES: readonly (readonly [line: string, sh: 'ran' | 'failed', bash: 'ran' | 'failed'])[] = [
  ['false', 'failed', 'failed'],
  ['cp missing.txt copy.txt', 'failed', 'failed'],
  ['true; false; true', 'failed', 'failed'],
  ['( exit 3 )', 'failed', 'failed'],
  ['x=$(false)', 'failed', 'failed'],
  ['for n in 1 2; do test $n = 2; done', 'failed', 'failed'],
  ['false | true', 'ran', 'failed'],
  ['echo "$NOT_SET"', 'ran', 'failed'],
  ['false || true', 'ran', 'ran'],
  ['if false; then echo no; fi', 'ran', 'ran'],
  ['while false; do echo no; done', 'ran', 'ran'],
  ['! true', 'ran', 'ran'],
  ['set +e\nfalse', 'ran', 'ran'],
  ['set +o pipefail\nfalse | true', 'failed', 'ran'],
];

describe('a command with several lines', () => {
  it.each(['sh', 'bash'] as const)('fails under %s where a line of it does', async (shell) => {
    // An unsupported option fails too: dash lacks pipefail for now.
    const judged = LINES.filter(([line]) => shell === 'bash' || !line.includes('pipefail'));
    const stages = judged.map(([line], i) => stage(`s${i}`, line, shell));
    const made = projectWithin({ 'pipeline.yaml': `stages:\n${stages.join('')}` });
    const verdicts = async () => {
      const { items } = await made.run('-k');
      return judged.map(([line], i) => [line, items[`s${i}`]?.verdict]);
    };
    const expected = judged.map(([line, sh, bash]) => [line, shell === 'sh' ? sh : bash]);
    expect(await verdicts()).toEqual(expected);
    // A failure is not a result: the second run executes it again.
    expect(await verdicts()).toEqual(
      expected.map(([line, verdict]) => [line, verdict === 'ran' ? 'fresh' : 'failed']),
    );
  });

  it('gives no result after a failing line, and the failure names the command', async () => {
    const made = projectWithin({ 'pipeline.yaml': pipeline('false') });
    const { code, out, err } = await made.pipe('run');
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('s: failed: exit code 1');
    expect((await made.pipe('status')).out).toMatch(/^s {2}stale/);
  });
});

const TWO = `shell: bash
stages:
  piped: { cmd: "false | echo x > \${outs.o}", outs: { o: piped.txt } }
  plain: { cmd: "false | echo x > \${outs.o}", outs: { o: plain.txt }, shell: sh }
  listed: { cmd: [sh, -c, "false | echo x > listed.txt"], outs: [listed.txt] }
`;

describe('shell:', () => {
  it('at the top applies to every text, and a stage may override it', async () => {
    const run = await projectWithin({ 'pipeline.yaml': TWO }).run('-k');
    expect([run.with('failed'), run.with('ran')]).toEqual([['piped'], ['plain', 'listed']]);
  });

  it('is part of the key: another one makes stale, and changing it back restores the result', async () => {
    const made = projectWithin({ 'pipeline.yaml': pipeline('true') });
    const first = await made.run();
    made.write('pipeline.yaml', pipeline('true', 'sh'));
    expect((await made.run()).with('fresh')).toEqual(['s']);
    made.write('pipeline.yaml', pipeline('true', 'bash'));
    expect((await made.pipe('why', 's')).out).toBe(
      's would run:\n  shell sh -e → bash -euo pipefail\n',
    );
    const second = await made.run();
    expect(second.with('ran')).toEqual(['s']);
    expect(second.items.s?.key).not.toBe(first.items.s?.key);
    made.write('pipeline.yaml', pipeline('true'));
    expect((await made.run()).items.s?.key).toBe(first.items.s?.key);
  });

  it('bash that is not installed is an error with a hint, and doctor reports it', async () => {
    const made = projectWithin({ 'pipeline.yaml': TWO });
    made.write('bin/empty', '');
    for (const name of ['sh', 'echo']) symlinkSync(`/bin/${name}`, made.path(`bin/${name}`));
    made.env.PATH = made.path('bin');
    const cure = '`bash` not found: install it, or remove `shell: bash`';
    expect((await made.pipe('doctor')).out).toContain(`note piped: ${cure}\n`);
    const { code, out } = await made.pipe('run', 'piped');
    expect(code).toBe(1);
    expect(out).toContain(cure);
  });

  it('is bash in a pipeline written by pipe init', async () => {
    const made = projectWithin();
    await made.pipe('init');
    expect(made.read('pipeline.yaml')).toMatch(/^shell: bash$/m);
    expect((await made.run('greet')).with('ran')).toEqual(['greet@ada', 'greet@grace']);
  });

  it('for a module or a list is an error with its place', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'stages:\n  a: { run: a.ts, shell: bash }\n  b: { cmd: [ls], shell: sh }\n  c: { cmd: ls, shell: zsh }\n',
    });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    const hint = 'modules and argv lists run without a shell: remove it';
    expect(err).toContain(
      `pipeline.yaml:2:19: error: shell applies to a cmd that is a text, and this stage has run (shell-without-text)`,
    );
    expect(err).toContain(
      `pipeline.yaml:3:19: error: shell applies to a cmd that is a text, and this one is a list (shell-without-text)`,
    );
    expect(err).toContain(hint);
    expect(err).toContain('pipeline.yaml:4:24: error: expected sh or bash, got the text "zsh"');
  });
});
