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

const stays = (item: string, file: string) =>
  `but has no dep on it: ${item} stays fresh when the file changes. If it reads the file, add "${file}" to its deps; if it writes the file, to its outs`;

it('warns of a file of the user that a command or a script names without a dep on it', async () => {
  const project = projectWithin({
    'data/a.csv': '1\n',
    'conf/p.yaml': 'x: 1\n',
    'bin/sum.sh': 'cat data/a.csv > "$1" # data/b.csv\n',
    'fit.py': 'open("fit.txt", "w").write(open("data/a.csv").read())\n',
    'late.py': 'DATA = "data/a.csv"\nprint(open(DATA).read(), "data/a.csv.bak")\n',
    'pipeline.yaml': `params: conf/p.yaml
stages:
  late: { cmd: python3 late.py > late.txt, outs: [late.txt] }
  cat: { cmd: 'cat ./data/a.csv > cat.txt', outs: [cat.txt] }
  sum: { cmd: bash bin/sum.sh sum.txt, outs: [sum.txt] }
  fit: { cmd: python3 fit.py, outs: [fit.txt] }
  conf: { cmd: 'tr x y < conf/p.yaml > conf.txt; wc --files0-from=conf/p.yaml || true', outs: [conf.txt] }
`,
  });
  const first = await project.run('--concurrency', '1');
  expect([...warned(first)].sort()).toEqual([
    `cat: its command names data/a.csv, ${stays('cat', 'data/a.csv')}`,
    'conf: its command names conf/p.yaml, but the stage lists no params: conf stays fresh when the file changes. List the params that it reads under `params:` of the stage',
    `fit: fit.py names data/a.csv, ${stays('fit', 'data/a.csv')}`,
    `late: late.py names data/a.csv, ${stays('late', 'data/a.csv')}`,
    `sum: bin/sum.sh names data/a.csv, ${stays('sum', 'data/a.csv')}`,
  ]);
  expect(warned(await project.run())).toEqual([]);
});

it('warns of a file that an imported module opens, unless other stages import the module too', async () => {
  const main = 'if __name__ == "__main__":\n    print(open("data/demo.csv").read())\n';
  const project = projectWithin({
    'data/a.csv': '1\n',
    'data/demo.csv': '1\n',
    'own.py': `DEFAULT = "data/demo.csv"\ndef rows():\n    return open("data/a.csv").read()\n${main}`,
    'shared.py': 'def rows():\n    return open("data/demo.csv").read()\n',
    'pack/__init__.py': 'from . import inner\n',
    'pack/inner.py': 'import json\nrows = json.load(open("data/a.csv"))\n',
    'one.py': 'import own, shared\nprint(own.rows())\n',
    'two.py': 'import shared, pack\n',
    'three.py': 'import own\n',
    'pipeline.yaml': `stages:
  one: { cmd: python3 one.py > one.txt, outs: [one.txt] }
  two: { cmd: python3 two.py > two.txt, outs: [two.txt] }
  three: { cmd: python3 three.py > three.txt, deps: [data], outs: [three.txt] }
`,
  });
  expect(warned(await project.run('one'))).toEqual([
    `one: own.py names data/a.csv, ${stays('one', 'data/a.csv')}`,
  ]);
  expect(warned(await project.run('two', 'one'))).toEqual([
    `two: pack/inner.py names data/a.csv, ${stays('two', 'data/a.csv')}`,
  ]);
  expect(warned(await project.run('three'))).toEqual([]);
});

it('does not warn of files that count already, that the item writes, or that are installed', async () => {
  const project = projectWithin({
    'data/a.csv': '1\n',
    'data/b/c.csv': '1\n',
    'log.txt': 'old\n',
    '.env': 'A=1\n',
    'sub/a.csv': '1\n',
    'a.csv': '1\n',
    'params.yaml': 'x: 1\n',
    'good.sh': 'cat params.yaml "$PIPE_CONTEXT"\n',
    'keep.py': 'open("log.txt", "w").write("1")\nprint(open("log.txt").read())\n',
    'run.sh': 'cat data/a.csv data/b/c.csv 2> log.txt >>log.txt\n',
    '.venv/pyvenv.cfg': '',
    '.venv/bin/tool': 'echo 1\n',
    'node_modules/x/y.js': '1\n',
    'pipeline.yaml': `params: params.yaml
stages:
  whole: { cmd: 'bash run.sh', deps: [data] }
  pattern: { cmd: 'cat data/a.csv data/b/c.csv pipeline.yaml', deps: ['data/*.csv', 'data/[b]'] }
  excluded: { cmd: 'cat data/a.csv', deps: [{ path: data, exclude: [a.csv] }] }
  installed: { cmd: 'sh .venv/bin/tool; cat node_modules/x/y.js /etc/hostname ../x.csv absent.csv' }
  listed: { cmd: cat params.yaml, params: [x] }
  context: { cmd: bash good.sh params.yaml }
  always: { cmd: cat data/a.csv, always: true }
  own: { cmd: python3 keep.py }
  removed: { cmd: 'rm -f log.txt; touch log.txt' }
  elsewhere: { cmd: cd sub && cat a.csv }
  secret: { cmd: . ./.env }
  part: { cmd: 'date >"./log.txt"; cat log.txt' }
`,
  });
  expect(warned(await project.run('-k'))).toEqual([]);
});

it('warns of commands of make that no dep covers, and doctor names them too', async () => {
  const project = projectWithin({
    Makefile: 'all:\n\techo 1\n',
    'plot.R': '1\n',
    'src/deep/x.c': '1\n',
    'data/a.csv': '1\n',
    'pipeline.yaml': `stages:
  bare: { cmd: make -s all, deps: [Makefile, data, 'data/*.csv'] }
  listed: { cmd: make -s all, deps: [plot.R] }
  folder: { cmd: make -s all, deps: [src] }
  pattern: { cmd: [make, -s, all], deps: ['*.{R,jl}'] }
  version: { cmd: make --version }
`,
  });
  expect(warned(await project.run('--concurrency', '1'))).toEqual([
    'bare: pipe does not follow the commands that make starts: bare stays fresh when the code changes. Add the code to its deps, as in [src, "*.py"]',
  ]);
  const { out } = await project.pipe('doctor');
  expect(out.match(/^note .*/gm)).toEqual([
    "note bare: cmd: pipe does not follow the commands that make starts: list the files that it may load under the stage's `deps:`",
  ]);
});

it('causes one warning for all items of a stage that name the same file', async () => {
  const project = projectWithin({
    'rows.csv': '1',
    '1.csv': '1',
    '2.csv': '2',
    'pipeline.yaml': `stages:
  same: { matrix: { n: [1, 2, 3] }, cmd: 'cat rows.csv > s\${n}.txt', outs: ['s\${n}.txt'] }
  other: { matrix: { n: [1, 2] }, cmd: 'cat \${n}.csv > o\${n}.txt', outs: ['o\${n}.txt'] }
`,
  });
  expect([...warned(await project.run('--concurrency', '1'))].sort()).toEqual([
    `other@1: its command names 1.csv, ${stays('other@1', '1.csv')}`,
    `other@2: its command names 2.csv, ${stays('other@2', '2.csv')}`,
    `same@1: its command names rows.csv, ${stays('same@1', 'rows.csv')}`,
  ]);
});
