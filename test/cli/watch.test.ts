import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, renameSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { BIN, outcomeOf, type Project, type Running } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { until } from '../rig/until.js';

const watching: Running[] = [];

afterEach(async () => {
  for (const each of watching.splice(0)) {
    each.kill('SIGTERM');
    await each.ended;
  }
});

/** Linux counts watches by user namespace, so a test can have its own limit. */
const WATCH_LIMIT = '/proc/sys/user/max_inotify_watches';
const CAN_LIMIT = spawnSync('unshare', ['-Ur', 'sh', '-c', `echo 3 > ${WATCH_LIMIT}`]).status === 0;

const UPPER = `
params: { suffix: x }
stages:
  upper:
    cmd: echo ran >> ran.txt; tr a-z A-Z < in.txt > \${outs.out}; echo \${suffix} >> \${outs.out}
    deps: [in.txt]
    outs: { out: out.txt }
`;

function watch(made: Project): Running {
  const running = made.start('watch', '--json');
  watching.push(running);
  return running;
}

describe('pipe watch', () => {
  it('runs immediately, and again when an input changes', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('in.txt', 'two\n');
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('TWO\nx\n');
    expect(made.lines('ran.txt')).toHaveLength(2);
  });

  it('detects a module that a Python script imports', async () => {
    const made = project({
      'pipeline.yaml': 'stages:\n  a: { cmd: python3 a.py, outs: [out.txt] }\n',
      'a.py': "import lib.b\nopen('out.txt', 'w').write(lib.b.NAME)\n",
      'lib/b.py': "NAME = 'one'\n",
    });
    const running = watch(made);
    await summaries(running, 1);
    made.write('lib/b.py', "NAME = 'two'\n");
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('two');
  });

  it('detects a file that an editor replaces, and a changed pipeline.yaml', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('in.txt~', 'three\n');
    renameSync(made.path('in.txt~'), made.path('in.txt'));
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('THREE\nx\n');
    made.write('pipeline.yaml', UPPER.replace('suffix: x', 'suffix: y'));
    await summaries(running, 3);
    expect(made.read('out.txt')).toBe('THREE\ny\n');
  });

  it('names the file for which it runs again, and the kept epochs of a training that it stops', async () => {
    const made = project({
      'in.txt': 'first\n',
      'pipeline.yaml': `
stages:
  train:
    cmd: |
      cp in.txt seen.txt
      for epoch in 1 2; do
        mkdir "$PIPE_COMMIT/draft"; mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$epoch"
        while test -e "$PIPE_COMMIT/$epoch"; do sleep 0.05; done
        while [ "$(cat seen.txt)" = wait ]; do sleep 0.05; done
      done
      cp seen.txt model.txt
    deps: [in.txt]
    outs: [model.txt]
    epochs: 2
`,
    });
    const running = made.start('watch');
    watching.push(running);
    await running.text((out) => out.includes('pipe: watching'));
    made.write('in.txt', 'wait\n');
    await running.text((out) => /changed.*epoch 1\/2/s.test(out));
    made.write('in.txt', 'go\n');
    await running.text((out) => /starting over.*pipe: watching/s.test(out));
    expect(running.told()).toMatch(/^pipe: in\.txt changed$/m);
    expect(running.told()).toMatch(/^train: cancelled: in\.txt changed, 1 epoch kept$/m);
    expect(running.told()).toMatch(/^pipe: in\.txt changed: starting over$/m);
  });

  const GATE = 'while [ ! -e gate ]; do sleep 0.05; done';
  it.each([
    ['the same file', 'date +%N > data/own.txt', 'data/own.txt', ''],
    ['two files', 'date +%N > data/own.txt; date +%N > data/b.txt', 'data/own.txt', ''],
    ['another name each time', 'date +%N > data/log.$$', 'data', ''],
    [
      'while another item sometimes runs',
      'date +%N > data/own.txt',
      'data/own.txt',
      `\n  other: { cmd: "rm flip || { touch flip; ${GATE}; }", always: true }`,
    ],
  ])(
    'does not loop endlessly for a stage that writes into its own input: %s',
    async (_kind, write, named, other) => {
      const made = project({
        'data/a.txt': 'a\n',
        'pipeline.yaml': `stages:\n  own: { cmd: "${write}; ${GATE}; echo a > a.txt", deps: [data], outs: [a.txt] }${other}\n`,
      });
      const running = made.start('watch');
      watching.push(running);
      await running.text((out) => out.includes(`${named} changes whenever own runs`));
      made.write('gate', '');
      await running.text((out) => out.includes('pipe: watching'));
      expect(running.told().match(/starting over/g)).toHaveLength(3);
      expect(running.told()).toMatch(/^own: failed: data\/[\w.]+ changed while it ran/m);
    },
  );

  it('starts over for each of many edits of pipeline.yaml during one execution', async () => {
    const made = project({
      'pipeline.yaml': `stages:\n  train: { cmd: "${GATE}; echo 0 > o", outs: [o] }\n`,
    });
    const running = made.start('watch');
    watching.push(running);
    await running.text((out) => out.includes('train: running'));
    for (let edit = 1; edit <= 6; edit++) {
      made.write(
        'pipeline.yaml',
        made.read('pipeline.yaml').replace(`echo ${edit - 1}`, `echo ${edit}`),
      );
      await running.text((out) => out.match(/starting over\ntrain: running/g)?.length === edit);
    }
    made.write('gate', '');
    await running.text((out) => out.includes('pipe: watching'));
    expect(made.read('o')).toBe('6\n');
  });

  it('ignores files that stages write, and files that no stage names', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('unrelated.txt', 'x');
    made.write('in.txt', 'two\n');
    await summaries(running, 2);
    made.write('in.txt', 'three\n');
    await summaries(running, 3);
    running.kill('SIGTERM');
    const { out } = await running.ended;
    expect(outcomeOf(out).events.filter((event) => event.type === 'summary')).toHaveLength(3);
  });

  it("detects a user's file among outs, and ignores the outs", async () => {
    const made = project({
      'in.txt': 'one\n',
      'mix/own.txt': 'own\n',
      'pipeline.yaml': `
stages:
  make: { cmd: 'cp in.txt mix/made.txt', deps: [in.txt], outs: [mix/made.txt] }
  all: { cmd: 'cat mix/*.txt > all.txt', deps: ["mix/*.txt"], outs: [all.txt] }
  folder: { cmd: 'cat mix/* > folder.txt', deps: [mix], outs: [folder.txt] }
`,
    });
    const running = watch(made);
    await summaries(running, 1);
    made.write('mix/own.txt', 'changed\n');
    await summaries(running, 2);
    expect([made.read('all.txt'), made.read('folder.txt')]).toEqual(
      Array(2).fill('one\nchanged\n'),
    );
    made.write('in.txt', 'two\n');
    await summaries(running, 3);
    made.write('mix/new.txt', 'new\n');
    await summaries(running, 4);
    expect([made.read('all.txt'), made.read('folder.txt')]).toEqual(
      Array(2).fill('two\nnew\nchanged\n'),
    );
    running.kill('SIGTERM');
    const { out } = await running.ended;
    expect(outcomeOf(out).events.filter((event) => event.type === 'summary')).toHaveLength(4);
  });

  it('detects a changed executable bit, and a changed import of a stage', async () => {
    const made = project({
      'in.txt': 'one\n',
      'stages/lib/word.ts': "export const word = 'a';\n",
      'stages/say.ts': `import { statSync, writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';
import { word } from './lib/word.js';
export default defineStage<{ deps: { text: string }; outs: { said: string } }>(({ deps, outs }) =>
  writeFileSync(outs.said, word + (statSync(deps.text).mode & 0o100)));
`,
      'pipeline.yaml':
        'stages:\n  say: { run: stages/say.ts, deps: { text: in.txt }, outs: { said: said.txt } }\n',
    });
    const running = watch(made);
    await summaries(running, 1);
    // Read after it was written, as usual.
    made.read('in.txt');
    chmodSync(made.path('in.txt'), 0o755);
    await summaries(running, 2);
    expect(made.read('said.txt')).toBe('a64');
    made.write('stages/lib/word.ts', "export const word = 'b';\n");
    await summaries(running, 3);
    expect(made.read('said.txt')).toBe('b64');
    renameSync(made.path('in.txt'), made.path('elsewhere.txt'));
    symlinkSync('elsewhere.txt', made.path('in.txt'));
    await summaries(running, 4);
    chmodSync(made.path('elsewhere.txt'), 0o644);
    await summaries(running, 5);
    expect(made.read('said.txt')).toBe('b0');
  });

  it('detects writes into a folder that was replaced', async () => {
    const made = project({
      'in/deep/a.txt': 'a\n',
      'pipeline.yaml':
        'stages:\n  all: { cmd: "cat in/deep/*.txt > all.txt", deps: ["in/deep/*.txt"], outs: [all.txt] }\n',
    });
    const running = watch(made);
    const all = () => (existsSync(made.path('all.txt')) ? made.read('all.txt') : undefined);
    await summaries(running, 1);
    cpSync(made.path('in'), made.path('other'), { recursive: true });
    renameSync(made.path('in'), made.path('gone'));
    renameSync(made.path('other'), made.path('in'));
    await summaries(running, 2);
    made.write('in/deep/a.txt', 'b\n');
    await until(() => all() === 'b\n');
    made.remove('in');
    await running.errorText((text) => text.includes('missing-input'));
    made.write('in/deep/c.txt', 'c\n');
    await until(() => all() === 'c\n');
  });

  it('waits for a module or an import that does not exist yet', async () => {
    const made = project({
      'pipeline.yaml': 'stages:\n  say: { run: stages/say.ts, outs: { said: said.txt } }\n',
    });
    const running = watch(made);
    await running.errorText((text) => text.includes('stages/say.ts'));
    made.write(
      'stages/say.ts',
      `import { writeFileSync } from 'node:fs';
import { word } from './lib/word.js';
export default ({ outs }: { outs: { said: string } }) => writeFileSync(outs.said, word);
`,
    );
    await running.errorText((text) => text.includes('./lib/word.js'));
    made.write('stages/lib/word.ts', "export const word = 'said';\n");
    await summaries(running, 1);
    expect(made.read('said.txt')).toBe('said');
  });

  it('shows the errors of an invalid pipeline.yaml, and continues once they are fixed', async () => {
    const made = project({ 'pipeline.yaml': UPPER, 'in.txt': 'one\n' });
    const running = watch(made);
    await summaries(running, 1);
    made.write('pipeline.yaml', UPPER.replace('outs:', 'out:'));
    await running.errorText((text) => text.includes('did you mean "outs"?'));
    made.write('pipeline.yaml', UPPER.replace('suffix: x', 'suffix: z'));
    await summaries(running, 2);
    expect(made.read('out.txt')).toBe('ONE\nz\n');
  });

  it.runIf(CAN_LIMIT)("ends with a hint when the system's watch limit is reached", async () => {
    const made = project({
      'pipeline.yaml':
        'stages:\n  all: { cmd: "cat in/*/a.txt > all.txt", deps: ["in/*/a.txt"], outs: [all.txt] }\n',
    });
    for (const folder of ['a', 'b', 'c', 'd', 'e']) made.write(`in/${folder}/a.txt`, 'a\n');
    const limited = `echo 3 > ${WATCH_LIMIT}; exec "${process.execPath}" "${BIN}" watch`;
    const child = spawn('unshare', ['-Ur', 'sh', '-c', limited], { cwd: made.root, stdio: 'pipe' });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, err.split('\n')[0]]).toEqual([
      2,
      'error: the limit of watched files and folders for this user is reached (too-many-watches)',
    ]);
  });

  it('stops an item that became stale while it runs, and starts it again', async () => {
    const made = project({
      'in.txt': 'wait\n',
      'pipeline.yaml': `
stages:
  slow:
    cmd: cp in.txt seen.txt; while [ "$(cat seen.txt)" = wait ]; do sleep 0.05; done; cp seen.txt out.txt
    deps: [in.txt]
    outs: [out.txt]
`,
    });
    const running = watch(made);
    await until(() => made.lines('seen.txt')[0] === 'wait');
    made.write('in.txt', 'go\n');
    await running.event((event) => event.type === 'item' && event.verdict === 'ran');
    expect(made.read('out.txt')).toBe('go\n');
    expect(
      await running.event((event) => event.type === 'item' && event.verdict === 'cancelled'),
    ).toMatchObject({ item: 'slow', reason: 'in.txt changed' });
  });
});

/** Resolves when this number of runs ended. */
async function summaries(running: Running, count: number): Promise<void> {
  await running.events(
    (events) => events.filter((event) => event.type === 'summary').length >= count,
  );
}
