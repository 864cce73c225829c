/** `pipe log`: past and current output of an item. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

function project(): Project {
  const made = new ProjectWithin({
    'pipeline.yaml': `stages:
  say:
    matrix: { word: [one, two] }
    cmd: "echo \${word} $TOKEN; echo done > \${outs.o}"
    secrets: [TOKEN]
    outs: { o: "cache/out/\${word}" }
  held:
    cmd: "echo began; cat held.fifo; echo done > \${outs.o}"
    outs: { o: cache/out/held }
`,
  });
  made.env.TOKEN = 'hunter2';
  return disposed(made);
}

test('prints the whole output of the last execution, secrets masked', async () => {
  const made = project();
  await made.pipe('run', 'say');
  expect(await made.pipe('log', 'say@two')).toMatchObject({ code: 0, out: 'two ***\n', err: '' });
  expect(await made.pipe('log', '-f', 'say@two')).toMatchObject({ code: 0, out: 'two ***\n' });
});

test('--json has the time and the CPU time of the last execution, even of a failed one', async () => {
  const burn = 'node -e "while (process.cpuUsage().user < 200000);"';
  const made = disposed(
    new ProjectWithin({
      'pipeline.yaml': `stages:
  good: { cmd: '${burn} > \${outs.o}', outs: { o: cache/out/o } }
  bad: { cmd: '${burn}; exit 1', outs: { p: cache/out/p } }
`,
    }),
  );
  const { events } = await made.run('-k');
  for (const item of ['good', 'bad']) {
    const used = JSON.parse((await made.pipe('log', item, '--json')).out);
    expect(used.item).toBe(item);
    expect(used.log).toMatch(new RegExp(`^cache/logs/${item}/.*\\.log$`));
    expect(used.seconds).toBeGreaterThan(0);
    if (process.platform === 'linux') expect(used.cpuSeconds).toBeGreaterThan(0.15);
    const done = events.find((event) => event.type === 'item' && event.item === item);
    expect(done).toMatchObject({ cpuSeconds: used.cpuSeconds });
  }
  const [row] = JSON.parse((await made.pipe('results', '--json')).out);
  const { cpuSeconds } = JSON.parse((await made.pipe('log', 'good', '--json')).out);
  expect(row.cpuSeconds).toBe(cpuSeconds);
  const table = (await made.pipe('results', '--usage')).out;
  expect(table).toMatch(/^key +item +when +time +CPU +memory +state\n/);
});

test('with -f follows until the item has ended', async () => {
  const made = project();
  execFileSync('mkfifo', [made.path('held.fifo')]);
  const run = made.start('run', '--json', 'held');
  await run.event((event) => event.type === 'start');
  const following = made.start('log', '-f', 'held');
  await following.text((out) => out === 'began\n');
  writeFileSync(made.path('held.fifo'), 'and went on\n');
  expect(await following.ended).toMatchObject({ code: 0, out: 'began\nand went on\n' });
  expect((await run.ended).code).toBe(0);
});

test.each([
  [['log'], 'pipe log needs an item'],
  [['log', 'say'], 'say names 2 items: say@one, say@two'],
  [['log', 'held'], 'held has no log: this machine has not executed it'],
])('%j is a user error', async (args, message) => {
  const ended = await project().pipe(...args);
  expect(ended.code).toBe(2);
  expect(ended.err).toContain(message);
});

test.each([
  ['held', '`pipe run held` executes it'],
  ['child', 'it cannot be executed yet: not known before parent has run'],
  ['lost', 'it cannot be executed yet: dep nowhere.txt is missing'],
  [
    'done',
    'its result was computed elsewhere, so there is no log here; `pipe run --force done` executes it',
  ],
])('explains for %s why there is no log', async (item, hint) => {
  const made = project();
  made.write(
    'pipeline.yaml',
    `${made.read('pipeline.yaml')}
  parent: { cmd: "exit 1", outs: [p.txt] }
  child: { cmd: "cat p.txt > c.txt", deps: [p.txt], outs: [c.txt] }
  lost: { cmd: "cat nowhere.txt > l.txt", deps: [nowhere.txt], outs: [l.txt] }
  done: { cmd: "echo x > d.txt", outs: [d.txt] }
`,
  );
  await made.pipe('run', '--keep-going', 'child', 'done');
  made.remove('cache/logs/done');
  const ended = await made.pipe('log', item);
  expect(ended.err).toBe(
    `error: ${item} has no log: this machine has not executed it (no-log)\n  ${hint}\n`,
  );
  expect(ended.code).toBe(2);
});
