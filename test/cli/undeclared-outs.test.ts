/** A command or a script that names an out of another item, without a dep on it. */
import { expect, it } from 'vitest';
import type { RunOutcome } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

function warned({ events }: RunOutcome): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'warning' ? [`${event.item}: ${event.message}`] : [],
  );
}

const consequence = (item: string, maker: string, out: string) =>
  `but has no dep on it: ${item} may run before ${maker}, and stays fresh when the out changes. If it reads the out, add "${out}" to its deps`;

it('causes one warning for each item that runs, with the out to declare', async () => {
  const project = projectWithin({
    'fit.py': 'rows = open("data/rows.csv").read()\nopen("fit.txt", "w").write(rows)\n',
    'listed.py': 'print(open("data/rows.csv").read())\n',
    'show.mjs':
      'import { readFileSync, writeFileSync } from "node:fs";\nexport default () => writeFileSync("show.txt", readFileSync(`data/rows.csv`));\n',
    'pipeline.yaml': `stages:
  rows: { cmd: 'mkdir data/parts && echo 1 | tee data/parts/a > data/rows.csv', outs: [data/rows.csv, data/parts] }
  count: { cmd: 'wc -l --files0-from=./data/parts/a < data/rows.csv > n.txt || echo 0 > n.txt', deps: [data/rows.csv], outs: [n.txt] }
  fit: { cmd: python3 fit.py || echo 0 > fit.txt, outs: [fit.txt] }
  listed: { cmd: 'python3 listed.py > listed.txt || true', deps: [listed.py], outs: [listed.txt] }
  show: { run: show.mjs, outs: [show.txt], retries: 1 }
`,
  });
  const first = await project.run('--concurrency', '1');
  expect([...warned(first)].sort()).toEqual([
    `count: its command names data/parts/a, inside the out data/parts of rows, ${consequence('count', 'rows', 'data/parts')}`,
    `fit: fit.py names data/rows.csv, an out of rows, ${consequence('fit', 'rows', 'data/rows.csv')}`,
    `listed: listed.py names data/rows.csv, an out of rows, ${consequence('listed', 'rows', 'data/rows.csv')}`,
    `show: show.mjs names data/rows.csv, an out of rows, ${consequence('show', 'rows', 'data/rows.csv')}`,
  ]);
  expect(warned(await project.run())).toEqual([]);
});

it('causes no warning for declared deps, own outs, outs of later items, bare words and shared modules', async () => {
  const project = projectWithin({
    'tool.py': 'import paths\ndef report():\n    return open("late/report.txt").read()\n',
    'paths.py': 'def rows():\n    return open("other.csv").read()\n',
    'pipeline.yaml': `stages:
  first: { cmd: 'python3 tool.py; mkdir -p early/sub; echo 1 | tee early/sub/a > early/b.txt', outs: [early/sub, early/b.txt] }
  other: { cmd: echo 1 > other.csv, outs: [other.csv] }
  train: { cmd: mkdir train, outs: [train] }
  part: { cmd: cat early/sub/a > part.txt, deps: [early/sub/a], outs: [part.txt] }
  whole: { cmd: 'cat early/sub/a early/b.txt > whole.txt', deps: [early], outs: [whole.txt] }
  all: { cmd: 'cat early/b.txt part.txt > all.txt', deps: ['early/*.txt', '*rt.txt'], outs: [all.txt] }
  bare: { cmd: 'python3 tool.py train > bare.txt', outs: [bare.txt] }
  late: { cmd: 'cp all.txt late/report.txt', deps: [all.txt], outs: [late/report.txt] }
`,
  });
  const { events, code } = await project.run('--concurrency', '1');
  expect({ code, warned: warned({ events } as RunOutcome) }).toEqual({ code: 0, warned: [] });
});
