/** Status of an item whose last execution gave no result, or that another process is executing. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

/** An item that waits for a word, and fails with it or writes it. */
function project(): Project {
  const made = new ProjectWithin({
    'in.txt': 'a\n',
    'pipeline.yaml':
      'stages:\n  slow: { cmd: "read word < gate; [ $word != fail ] || exit 3; echo $word > out.txt", deps: [in.txt], outs: [out.txt] }\n',
  });
  execFileSync('mkfifo', [made.path('gate')]);
  return disposed(made);
}

async function begin(made: Project) {
  const run = made.start('run', '--json');
  await run.event((event) => event.type === 'start');
  return run;
}

async function status(made: Project): Promise<string> {
  return (await made.pipe('status')).out.trim();
}

describe('pipe status', () => {
  it('reports how the last execution ended without a result, and whether it still runs', async () => {
    const made = project();
    expect(await status(made)).toBe('slow  stale       never ran');
    const first = await begin(made);
    expect(await status(made)).toBe(`slow  stale       runs now, pid ${first.pid}`);
    first.kill('SIGINT');
    await first.ended;
    expect(await status(made)).toBe('slow  stale       was interrupted last time');
    const second = await begin(made);
    second.kill('SIGKILL');
    await second.ended;
    expect(await status(made)).toBe('slow  stale       was cut off last time');
    const third = await begin(made);
    made.write('gate', 'done\n');
    expect((await third.ended).code).toBe(0);
    expect(await status(made)).toBe('slow  fresh');
    made.write('in.txt', 'b\n');
    const fourth = await begin(made);
    made.write('gate', 'fail\n');
    expect((await fourth.ended).code).toBe(1);
    expect(await status(made)).toBe('slow  stale       failed last time: exit code 3 (and 1 more)');
    made.write('in.txt', 'c\n');
    expect(await status(made)).toBe('slow  stale       dep in.txt changed');
  });
});

it('says once in each stage what to do about a failure, and `pipe why` says it for each item', async () => {
  const made = disposed(
    new ProjectWithin({
      'pipeline.yaml': `stages:
  a:
    matrix: { n: [1, 2, 3] }
    cmd: test \${n} != 3
    outs: ["out/\${n}.txt"]
  b: { cmd: "true", outs: [b.txt] }
  c: { matrix: { n: [1, 2] }, cmd: "exit 4", outs: ["c\${n}"] }
`,
    }),
  );
  await made.pipe('run', '-k');
  const hint = 'make the command write there, or correct the path under outs';
  expect((await made.pipe('status')).out.split('\n')).toEqual([
    `a@1  stale       failed last time: did not write out/1.txt: ${hint}`,
    'a@2  stale       failed last time: did not write out/2.txt',
    'a@3  stale       failed last time: exit code 1',
    `b    stale       failed last time: did not write b.txt: ${hint}`,
    'c@1  stale       failed last time: exit code 4',
    'c@2  stale       failed last time: exit code 4',
    '',
  ]);
  expect((await made.pipe('status', 'a@2')).out).toContain(hint);
  expect((await made.pipe('why', 'a@1', 'a@2')).out.split(hint)).toHaveLength(3);
  const json = JSON.parse((await made.pipe('status', '--json')).out);
  expect(json[1].reasons[0].text).toContain(hint);
});

describe('a lock that was left on another machine', () => {
  it('makes the run wait, report its owner, and say what to do if that process is gone', async () => {
    const made = project();
    const first = await begin(made);
    first.kill('SIGKILL');
    await first.ended;
    const [name = ''] = readdirSync(made.path('cache/locks'));
    const held = JSON.parse(readFileSync(made.path(`cache/locks/${name}`), 'utf8'));
    made.write(`cache/locks/${name}`, JSON.stringify({ ...held, host: 'far-away' }));
    // That run's process still waits for a word, and must not take the one for the next.
    made.remove('gate');
    execFileSync('mkfifo', [made.path('gate')]);
    const second = made.start('run', '--json');
    const waiting = await second.event((event) => event.type === 'waiting');
    const reason = waiting.type === 'waiting' ? waiting.reason : '';
    expect(reason).toMatch(
      /^another run holds it: slow, pid \d+ on far-away, since [\d:]+ \(pipe cannot see whether it still runs; if it does not, delete (.*)\)$/,
    );
    rmSync(/delete (.*)\)$/.exec(reason)?.[1] as string);
    await second.event((event) => event.type === 'start');
    made.write('gate', 'done\n');
    expect((await second.ended).code).toBe(0);
  });
});
