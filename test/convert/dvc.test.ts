/** The exact translation of each part of dvc.yaml, and the notes on omitted parts. */
import { describe, expect, it } from 'vitest';
import { translateDvc } from '../../src/convert/dvc.js';
import { mistakesIn, planOf } from '../pipeline/rig.js';

type Files = Readonly<Record<string, string>>;

/** The stages of the translation, without the indentation that all of them have, and the notes. */
function translated(text: string, files: Files = {}, file = 'dvc.yaml') {
  const found = translateDvc(file, text, (name) => files[name]);
  const [head, stages] = found.text.split('\nstages:\n');
  return {
    head: head!,
    stages: stages!.replace(/^ {2}/gm, '').trimEnd(),
    notes: found.notes.map((note) => `${note.line}: ${note.text}`),
    text: found.text,
  };
}

const lines = (...each: readonly string[]) => each.join('\n');

const CITIES = { 'params.yaml': 'cities: [rome, oslo]\n' };
const MODELS = {
  'params.yaml':
    'models:\n  small: { depth: 2, lr: { value: 0.10 } }\n  big: { depth: 8, lr: { value: 1e-3 } }\n',
};

describe('a stage', () => {
  it('keeps its keys; the script that it names needs no dep, and params.yaml is read', () => {
    const { text, notes } = translated(
      lines(
        'stages:',
        '  train:',
        '    desc: fits the model',
        '    cmd: python src/train.py data/features model.pkl',
        '    deps: [data/features, src/train.py, src/lib]',
        '    params: [train.lr, seed]',
        '    outs: [model.pkl]',
        '    always_changed: true',
      ),
      { 'params.yaml': 'train: { lr: 0.1 }\nseed: 7\n', 'src/train.py': '' },
    );
    expect(text).toBe(
      lines(
        '# Translated from dvc.yaml by pipe init.',
        'shell: bash',
        '',
        'params: params.yaml',
        '',
        'stages:',
        '  train:',
        '    desc: fits the model',
        '    cmd: python src/train.py data/features model.pkl',
        '    deps: [data/features, src/lib]',
        '    params: [train.lr, seed]',
        '    outs: [model.pkl]',
        '    always: true',
        '',
      ),
    );
    expect(notes).toEqual([]);
  });

  it('runs the commands of a list in turn; one that changes its shell gets a subshell', () => {
    const { stages } = translated(
      'stages: { a: { cmd: ["mkdir -p out", "cd out && touch x", "X=1 ls out"] } }',
    );
    expect(stages).toBe(
      lines(
        'a:',
        '  cmd: |-',
        '    mkdir -p out',
        '    (',
        '    cd out && touch x',
        '    )',
        '    X=1 ls out',
      ),
    );
  });

  it('runs in its wdir, with paths relative to the project', () => {
    const { stages } = translated(
      'stages: { a: { wdir: sub dir, cmd: ./a ../in.csv, deps: [../in.csv], outs: [./out/] } }',
    );
    expect(stages).toBe(
      lines(
        'a:',
        '  cmd: |-',
        "    cd 'sub dir'",
        '    ./a ../in.csv',
        '  deps: [in.csv]',
        '  outs: [sub dir/out]',
      ),
    );
  });

  it('of a dvc.yaml in a folder runs there, with the params of that folder', () => {
    const { head, stages } = translated(
      'stages: { a: { cmd: python a.py, deps: [a.py], params: [lr], outs: [out] } }\nmetrics: [out/m.json]',
      { 'work/params.yaml': 'lr: 1', 'work/a.py': '' },
      'work/dvc.yaml',
    );
    expect(head).toContain('\nparams: work/params.yaml\n');
    expect(stages).toBe(
      lines(
        'a:',
        '  cmd: |-',
        '    cd work',
        '    python a.py',
        '  deps: [work/a.py]',
        '  params: [lr]',
        '  outs: [work/out]',
        '  metrics: [work/out/m.json]',
      ),
    );
  });

  it('that is frozen becomes a comment, so that its outs are inputs', () => {
    const { stages, notes } = translated(
      'stages:\n  get: { frozen: true, cmd: ./get, outs: [raw] }\n  use: { cmd: ./use, deps: [raw] }',
    );
    expect(stages).toBe(
      lines(
        '# the frozen stage is commented out: pipe has no frozen stages, and its outs are plain',
        '# inputs',
        '# get:',
        '#   cmd: ./get',
        '#   outs: [raw]',
        '',
        'use:',
        '  cmd: ./use',
        '  deps: [raw]',
      ),
    );
    expect(notes).toHaveLength(1);
  });

  it('with a name that pipe does not accept is renamed', () => {
    const { stages, notes } = translated('stages: { "a b": { cmd: ls }, a-b: { cmd: pwd } }');
    expect(stages).toContain('a-b-2:\n  cmd: ls');
    expect(stages).toContain('a-b:\n  cmd: pwd');
    expect(notes).toEqual(['1: the stage "a b" is called a-b-2 here']);
  });
});

describe('a value', () => {
  const vars =
    'vars: [{ lr: 0.10, name: net, words: a b, deep: { on: true, off: false, sizes: [8, 4] } }]\n';

  it.each([
    ['a plain word follows the params', './a ${lr} "${name}"', './a ${lr} "${name}"'],
    ['several words are put in as they are', './a ${words}', './a a b'],
    ['a map becomes options', './a ${deep}', './a --on --sizes 8 4'],
    ['a value of a list is put in', './a ${deep.sizes[1]}', './a 4'],
    ['the variables of the shell stay its own', './a $HOME \\${HOME}', './a $HOME $${HOME}'],
    [
      'no value is put into a here-document by pipe',
      'cat <<END\n${lr}\nEND',
      'cat <<END\n0.10\nEND',
    ],
    ['behind a dollar it is put in', 'echo $${name}', 'echo $net'],
  ])('in a command: %s', (_, written, wanted) => {
    const { text } = translated(`${vars}stages: { a: { cmd: ${JSON.stringify(written)} } }`);
    const [item] = planOf(text).items;
    const [again] = planOf(
      `${text.split('stages:')[0]}stages: { a: { cmd: ${JSON.stringify(wanted)} } }`,
    ).items;
    expect(item!.action).toEqual(again!.action);
    expect(text).toContain(wanted.split('\n')[0]);
  });

  it('of vars is a param; one of the vars of a stage is inserted', () => {
    const { head, stages } = translated(
      'vars: [{ lr: 0.10 }]\nstages: { a: { vars: [{ own: x }], cmd: "./a ${lr} ${own}" } }',
    );
    expect(head).toContain('params: { lr: 0.10 }');
    expect(stages).toBe('a:\n  cmd: ./a ${lr} x');
  });

  it('that is missing leaves its stage out', () => {
    const { stages, notes } = translated('stages:\n  a: { cmd: ls }\n  b:\n    cmd: ./b ${x}');
    expect(stages).toBe(
      'a:\n  cmd: ls\n\n# the stage b is left out: ${x} is not defined in params.yaml or vars',
    );
    expect(notes).toEqual([
      '4: the stage b is left out: ${x} is not defined in params.yaml or vars',
    ]);
  });

  it.each([
    ['deps: x', 'it has "x" where DVC takes a list'],
    ['deps: [[x]]', 'it has a list where DVC takes a text'],
    ['cmd: { x: 1 }', 'it has a map where DVC takes a text'],
    ['params: [params.yaml: [[x]]]', 'it has a list where DVC takes a text'],
    ['params: x', 'it has "x" where DVC takes a list'],
    ['foreach: x', 'foreach takes a list or a map'],
    ['matrix: {}', 'its matrix has no axes'],
    ['cmd:', 'it has no cmd'],
  ])('of a kind that DVC does not accept leaves its stage out: %s', (part, reason) => {
    const cmd = part.startsWith('cmd') ? '' : 'cmd: ls, ';
    const { notes } = translated(`stages:\n  ok: { cmd: ls }\n  a: { ${cmd}${part} }`);
    expect(notes).toEqual([`3: the stage a is left out: ${reason}`]);
  });

  it('of several params files is read from each; a file with the same name counts as a dep', () => {
    const { head, stages, notes } = translated(
      lines(
        'vars: [more.json]',
        'stages:',
        '  a:',
        '    cmd: ./a ${size}',
        '    params:',
        '      - lr',
        '      - layers[0]',
        '      - missing',
        '      - other.yaml: [lr]',
        '      - whole.yaml:',
        '      - settings.toml: [x]',
        '      - gone.yaml: [y]',
      ),
      {
        'params.yaml': 'lr: 1\nlayers: [1, 2]',
        'more.json': '{"size": 3}',
        'other.yaml': 'lr: 2',
        'whole.yaml': 'z: 1',
        'settings.toml': 'x = 1',
      },
    );
    expect(head).toContain('\nparams: [params.yaml, more.json, whole.yaml]\n');
    expect(stages.split('\n').slice(-4)).toEqual([
      'a:',
      '  cmd: ./a ${size}',
      '  deps: [other.yaml, whole.yaml, settings.toml, gone.yaml]',
      '  params: [lr, layers]',
    ]);
    expect(notes).toEqual([
      '8: params: "missing" is left out: params.yaml does not have it',
      '9: params: other.yaml counts as a whole, as a dep: params of other files have the same names, or a name is deps or outs',
      '11: params: settings.toml counts as a whole, as a dep: pipe reads params from YAML and JSON',
      '12: params: gone.yaml counts as a whole, as a dep: the file is missing',
    ]);
  });
});

describe('foreach and matrix', () => {
  it.each<[string, string, Files, string]>([
    [
      'a list: an axis called item',
      'a: { foreach: [x, 8, x], do: { cmd: "./a ${item}" } }',
      {},
      lines('a:', '  matrix: { item: [x, 8] }', '  cmd: ./a ${item}'),
    ],
    [
      'a list of params.yaml: an axis that follows it',
      'a: { foreach: "${cities}", do: { cmd: "./a ${item}" } }',
      CITIES,
      lines('a:', '  matrix: { item: "${cities}" }', '  cmd: ./a ${item}'),
    ],
    [
      'the names of a map: an axis called key',
      'a: { foreach: "${models}", do: { cmd: "./a ${key}" } }',
      MODELS,
      lines('a:', '  matrix: { key: "${models}" }', '  cmd: ./a ${key}'),
    ],
    [
      'a map of params.yaml: cells with the values that are used',
      'a: { foreach: "${models}", do: { cmd: "./a ${item.depth} ${item.lr.value}", outs: ["${key}.bin"] } }',
      MODELS,
      lines(
        '# the values of ${models} are copied into the matrix: change them there',
        'a:',
        '  matrix:',
        '    include:',
        '      - { key: small, depth: 2, lr_value: 0.10 }',
        '      - { key: big, depth: 8, lr_value: 1e-3 }',
        '  cmd: ./a ${depth} ${lr_value}',
        '  outs: ["${key}.bin"]',
      ),
    ],
    [
      'a list of maps that look alike: cells with their number',
      'a: { foreach: [{ n: 1, x: 1 }, { n: 1, x: 2 }], do: { cmd: "./a ${item.n}" } }',
      {},
      lines(
        'a:',
        '  matrix: { include: [{ key: "0", n: 1 }, { key: "1", n: 1 }] }',
        '  cmd: ./a ${n}',
      ),
    ],
    [
      'a matrix: the same axes',
      'a: { matrix: { city: "${cities}", seed: [1, 2] }, cmd: "./a ${item.city} ${item.seed} ${key}" }',
      CITIES,
      lines(
        'a:',
        '  matrix: { city: "${cities}", seed: [1, 2] }',
        '  cmd: ./a ${city} ${seed} ${city}-${seed}',
      ),
    ],
    [
      'an axis with the name of a param: another name',
      'a: { matrix: { seed: [1, 2] }, cmd: "./a ${item.seed} ${seed}" }',
      { 'params.yaml': 'seed: 9' },
      lines('a:', '  matrix: { item_seed: [1, 2] }', '  cmd: ./a ${item_seed} ${seed}'),
    ],
    [
      'a matrix of maps: cells',
      'a: { matrix: { net: [{ name: s, n: 2 }, { name: b, n: 8 }], seed: [1] }, cmd: "./a ${item.net.n} ${item.seed}" }',
      {},
      lines(
        'a:',
        '  matrix: { include: [{ net_n: 2, seed: 1 }, { net_n: 8, seed: 1 }] }',
        '  cmd: ./a ${net_n} ${seed}',
      ),
    ],
    [
      'values of several words in a command: a stage for each',
      'a: { foreach: { fast: --lr 1, slow: "" }, do: { cmd: "./a ${item} x" } }',
      {},
      lines(
        '# a is written out as a-fast, a-slow: a pipe matrix cannot express it',
        'a-fast:',
        '  cmd: ./a --lr 1 x',
        'a-slow:',
        '  cmd: ./a  x',
      ),
    ],
  ])('%s', (_, stage, files, wanted) => {
    expect(translated(`stages:\n  ${stage}`, files).stages).toBe(wanted);
  });

  it('without an item leaves the stage out', () => {
    expect(
      translated('stages: { a: { foreach: [], do: { cmd: ls } }, b: { cmd: ls } }').notes,
    ).toEqual(['1: the stage a is left out: it has no items']);
  });
});

describe('an output', () => {
  it('is a metric if it is JSON; a metric of the file belongs to the stage that writes it', () => {
    const { stages, notes } = translated(
      lines(
        'stages:',
        '  a:',
        '    foreach: [x, y]',
        '    do:',
        '      cmd: ./a ${item}',
        '      outs: ["eval/${item}"]',
        '      metrics:',
        '        - "${item}.json": { cache: false }',
        '        - "${item}.yaml": { cache: false }',
        'metrics: [eval/x/m.json, eval/y/m.json, eval/x/only.json, other.json]',
      ),
    );
    expect(stages).toContain(
      lines(
        '  outs: ["eval/${item}", "${item}.yaml"]',
        '  metrics: ["eval/${item}/m.json", "${item}.json"]',
      ),
    );
    expect(notes).toEqual([
      '6: metrics: "eval/${item}/only.json" is left out: not every item of the stage has one',
      '8: cache: false is left out: pipe keeps every out in its cache, and git can track the file too',
      '9: "${item}.yaml" is an out, not a metric: pipe reads metrics from JSON',
      '10: metrics: "other.json" is left out: no stage writes it',
    ]);
  });

  it('that is a plot keeps its columns, if pipe draws such a file', () => {
    const { stages, notes } = translated(
      lines(
        'stages:',
        '  a:',
        '    cmd: ./a',
        '    outs: [eval]',
        '    plots:',
        '      - roc.csv: { x: fpr, y: [tpr, tnr], cache: true, title: ROC }',
        '      - eval/loss.tsv',
        '      - tree.html',
      ),
    );
    expect(stages).toContain('  outs: [eval, tree.html]\n');
    expect(stages).toContain('  plots: [{ path: roc.csv, x: fpr, y: [tpr, tnr] }, eval/loss.tsv]');
    expect(notes).toEqual([
      '6: title of plot "roc.csv" is left out',
      '8: "tree.html" is an out, not a plot: pipe draws curves of CSV, TSV and JSON, and pictures',
    ]);
  });

  it('of the whole file is a plot of the stage that writes it', () => {
    const { stages, notes } = translated(
      lines(
        'stages:',
        '  a:',
        '    cmd: ./a',
        '    outs: [eval]',
        '    plots: [loss.csv]',
        '  each:',
        '    foreach: [x, y]',
        '    do: { cmd: "./b ${item}", outs: ["out/${item}"] }',
        'plots:',
        '  - ROC: { template: simple, title: ROC, x: fpr, y: { eval/a.json: tpr, eval/b.json: [tpr] } }',
        '  - PR: { x: { eval/p.json: recall, eval/q.json: recall }, y: { eval/p.json: precision } }',
        '  - far: { x: { eval/p.json: recall }, y: { eval/r.json: precision } }',
        '  - cm: { template: confusion, x: actual, y: { eval/cm.json: predicted } }',
        '  - loss.csv: { y: train }',
        '  - eval/image.png: { x: a }',
        '  - eval/plots: { x: step }',
        '  - gone.csv',
        '  - out/x/loss.csv: { x: step }',
        '  - out/y/loss.csv: { x: step }',
        '  - out/y/more.csv',
      ),
    );
    expect(stages).toContain(
      lines(
        '  plots:',
        '    - { path: eval/a.json, x: fpr, y: tpr }',
        '    - { path: eval/b.json, x: fpr, y: [tpr] }',
        '    - { path: eval/p.json, x: recall, y: precision }',
        '    - eval/image.png',
        '    - { path: loss.csv, y: train }',
      ),
    );
    expect(stages).toContain('  plots: [{ path: "out/${item}/loss.csv", x: step }]');
    expect(notes).toEqual([
      '8: plots: "out/${item}/more.csv" is left out: not every item of the stage has one',
      '10: title of plot "eval/a.json" is left out',
      '10: title of plot "eval/b.json" is left out',
      '12: plots: "eval/r.json" is left out: its x is in another file',
      '13: plots: "cm" is left out: pipe does not draw a confusion matrix',
      '15: x of plot "eval/image.png" is left out',
      '16: plots: "eval/plots" is left out: name its files under plots: of their stage',
      '17: plots: "gone.csv" is left out: no stage writes it',
    ]);
  });

  it('that is drawn twice has a name for each', () => {
    const { stages, notes } = translated(
      lines(
        'stages: { a: { cmd: ./a, outs: [s.csv] } }',
        'plots:',
        '  - first: { x: a, y: { s.csv: b } }',
        '  - second: { x: a, y: { s.csv: c } }',
      ),
    );
    expect(stages).toContain(
      '  plots: { plot1: { path: s.csv, x: a, y: b }, plot2: { path: s.csv, x: a, y: c } }',
    );
    expect(notes).toEqual([]);
  });

  it('with persist, a remote or a description is an out like any other, with a note', () => {
    const { stages, notes } = translated(
      'stages:\n  a:\n    cmd: ./a\n    outs: [{ log: { persist: true, cache: true, push: false, desc: words } }]',
    );
    expect(stages).toContain('  outs: [log]');
    expect(notes).toEqual([
      '4: persist of "log" is left out: pipe removes old outs before it runs a stage, except the states of an incremental stage (epochs:)',
      '4: push of "log" is left out',
      '4: desc of "log" is left out',
    ]);
  });
});

describe('a path', () => {
  it('outside the project is left out, and one with wild cards is literal', () => {
    const { stages, notes } = translated(
      'stages:\n  a:\n    cmd: ls\n    deps: [s3://b/x, /data/x, ../x, ".", "raw [1]*.csv"]',
    );
    expect(stages).toContain(String.raw`  deps: ['raw \[1\]\*.csv']`);
    expect(notes).toEqual([
      '4: "s3://b/x" is left out: it is an address: download it in a separate stage',
      '4: "/data/x" is left out: it is an absolute path: make a link to it in the project (ln -s), and name the link',
      '4: "../x" is left out: it is outside of the project: make a link to it in the project (ln -s), and name the link',
      '4: "." is left out: it is the whole project: name the folders and files that count',
    ]);
  });
});

describe('deps that are one file in some item', () => {
  it('get names, because a list accepts each file only once', () => {
    const { stages, text } = translated(
      'stages: { a: { matrix: { x: [1, 2], y: [1, 2] }, cmd: ls, deps: ["${item.x}.txt", "${item.y}.txt"] } }',
    );
    expect(stages).toContain('  deps: { dep1: "${x}.txt", dep2: "${y}.txt" }');
    expect(planOf(text).items).toHaveLength(4);
  });
});

describe('the file', () => {
  it('is refused with its place if it is not YAML, or has no stages', () => {
    expect(mistakesIn(() => translated('stages:\n  a: { cmd: ls'))).toMatch(/^dvc\.yaml:\d+:\d+: /);
    expect(mistakesIn(() => translated('metrics: [a.json]'))).toContain('dvc.yaml has no stages');
    expect(mistakesIn(() => translated('stages:\n  a: { cmd: "./a ${x}" }'))).toBe(
      'error: no stage of dvc.yaml can be translated (cannot-translate)\n  line 2: the stage a is left out: ${x} is not defined in params.yaml or vars',
    );
    expect(mistakesIn(() => translated('metrics: x\nstages: { a: { cmd: ls } }'))).toContain(
      'dvc.yaml cannot be translated: it has "x" where DVC takes a list',
    );
    const files = { 'params.yaml': 'a: 1\na: 2' };
    expect(mistakesIn(() => translated('stages: { a: { cmd: ls } }', files))).toContain(
      'params.yaml:2:1: error: the key "a" is already used in line 1',
    );
  });

  it('gets a note with the line of each part that pipe lacks', () => {
    const { notes } = translated(
      'artifacts: { m: { path: m } }\nstages:\n  a: { cmd: ls, meta: { x: 1 }, later: 2 }\nodd: 1',
    );
    expect(notes).toEqual([
      '1: artifacts is left out: pipe has no registry of models and data',
      '3: later is left out: it is not a key of a stage of DVC',
      '3: meta is left out: pipeline.yaml has no place for it',
      '4: odd is left out: pipe does not know it',
    ]);
  });
});
