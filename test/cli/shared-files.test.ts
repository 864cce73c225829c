/** Items that run at the same time and keep intermediate data in one file. */
import { expect, it } from 'vitest';
import type { RunOutcome } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** Each item waits until the other has begun. */
const meet = (a: string, b: string) => `touch at-${a}; until test -e at-${b}; do :; done`;

const warned = ({ events }: RunOutcome) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

const advice =
  'each may read what the other wrote. Use a file of its own (mktemp), or --concurrency 1';

it.each([
  ['in the command', 'sort a.txt > x.tmp; wc x.tmp', 'x.tmp', 'its command'],
  ['in a script', 'bash count.sh', 'sorted.txt', 'count.sh'],
  ['in a script without an extension', 'sh bin/count', '~/sorted.txt', 'bin/count'],
])('cause a warning %s', async (_, use, file, where) => {
  const project = projectWithin({
    'a.txt': 'b\n',
    'count.sh': 'sort a.txt > sorted.txt\nwc < sorted.txt\nrm sorted.txt\n',
    'bin/count': '#!/bin/sh\nexit\nsort a.txt >"~/sorted.txt" # count\nwc ~/sorted.txt\n',
    'pipeline.yaml': `stages:
  one: { cmd: "${meet('1', '2')}; ${use} || true", deps: [a.txt] }
  two: { cmd: "${meet('2', '1')}; ${use} || true", deps: [a.txt] }
`,
  });
  const [first, ...more] = warned(await project.run('--concurrency', '2'));
  expect(first).toMatch(
    new RegExp(`^${where} writes and reads ${file}, and so does (one|two), which`),
  );
  expect(first).toContain(advice);
  expect(more).toEqual([]);
  expect(warned(await project.run('--force', '--concurrency', '1'))).toEqual([]);
});

it.each([
  ['an out', 'sort a.txt > ${outs.o}; wc ${outs.o}'],
  ['a file that is only written', 'sort a.txt > x.tmp; rm -f x.tmp'],
  ['a file in a folder of its own', 'cd $(mktemp -d); date > x.tmp; wc x.tmp'],
  ['a computed name', 'x=$(mktemp -u y.XXXX); date > $x; wc $x; date > ./$x.tmp'],
  ['a log', 'date >> run.log; date 2> run.log; wc run.log'],
  ['a comparison', "awk '$1 > 0.5' a.txt; sleep 0.5; awk '$1 >= b.x' b.x 2>/dev/null || true"],
  ['a device', 'cat < /dev/null > /dev/null'],
])('cause no warning for %s', async (_, use) => {
  const project = projectWithin({
    'a.txt': '1\n',
    'pipeline.yaml': `stages:
  each:
    matrix: { n: [1, 2] }
    cmd: |
      touch at-\${n}; until test -e at-1 && test -e at-2; do :; done
      ${use}
    deps: [a.txt]
    outs: { o: "out/\${n}.txt" }
`.replace(
      'outs: { o: "out/${n}.txt" }',
      use.includes('outs.o') ? 'outs: { o: "out/${n}.txt" }' : 'outs: []',
    ),
  });
  const outcome = await project.run('--concurrency', '2');
  expect({ code: outcome.code, warned: warned(outcome) }).toEqual({ code: 0, warned: [] });
});
