/** A cache on a file system without hard links: everything works, with copies instead of links. */
import { existsSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withoutLinks } from '../rig/no-links.js';
import { project } from '../rig/projects.js';

const PIPELINE = `stages:
  write: { cmd: "echo one > \${outs.o}; echo ran >> ran.txt", outs: { o: cache/out/one } }
  read: { cmd: "cat \${deps.i} > \${outs.o}", deps: { i: cache/out/one }, outs: { o: cache/out/two } }
  train:
    cmd: |
      for k in $(seq $((PIPE_EPOCH + 1)) $PIPE_EPOCHS); do
        mkdir $PIPE_COMMIT/draft; echo $k > $PIPE_COMMIT/draft/state; mv $PIPE_COMMIT/draft $PIPE_COMMIT/$k
        while test -e $PIPE_COMMIT/$k; do sleep 0.01; done
        echo $k >> epochs.txt
      done
      cp $PIPE_STATE/state \${outs.o} 2> \${outs.o} || echo none > \${outs.o}
    epochs: 3
    outs: { o: cache/out/model }
`;

test.each(['EPERM', 'ENOSYS'])(
  'runs, restores, trains and collects garbage if a link fails with %s',
  async (code) => {
    const made = project({ 'pipeline.yaml': PIPELINE });
    Object.assign(made.env, withoutLinks(code));
    expect((await made.run()).summary).toMatchObject({ ran: 3, failed: 0 });
    rmSync(made.path('cache/out'), { recursive: true });
    expect((await made.run()).summary).toMatchObject({ restored: 3, failed: 0 });
    expect(made.lines('epochs.txt')).toEqual(['1', '2', '3']);
    expect(await made.pipe('cache', 'gc', '--max-size', '0')).toMatchObject({ code: 0 });
    expect(await made.pipe('cache', 'verify')).toMatchObject({ code: 0 });
  },
);

test('concurrent runs execute each item once', async () => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  Object.assign(made.env, withoutLinks('EPERM'));
  const runs = [made.start('run', '--json'), made.start('run', '--json')];
  for (const { ended } of runs) expect(await ended).toMatchObject({ code: 0 });
  expect(made.lines('ran.txt')).toEqual(['ran']);
  expect(made.lines('epochs.txt')).toEqual(['1', '2', '3']);
});

test('a run takes over from a killed one', async () => {
  const made = project({
    'pipeline.yaml':
      'stages: { a: { cmd: "test -e go || { touch began; sleep 100; }; echo > ${outs.o}", outs: { o: cache/out/a } } }\n',
  });
  Object.assign(made.env, withoutLinks('EPERM'));
  const first = made.start('run', '--json');
  await first.event((event) => event.type === 'start');
  first.kill('SIGKILL');
  await first.ended;
  made.write('go', '');
  expect((await made.run()).summary).toMatchObject({ ran: 1 });
  expect(existsSync(made.path('cache/out/a'))).toBe(true);
});
