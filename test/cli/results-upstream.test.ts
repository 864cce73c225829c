/** `pipe results` of a stage shows the params of the stages that made its deps. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withChecksum } from '../../src/cache/files/checksummed-json.js';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** The model is the rate, the vocabulary is the same for all rates, and the score is the model. */
const PIPELINE = `params: { data: { seed: 1 }, train: { lr: 3, width: 8 } }
stages:
  prepare:
    cmd: echo \${data.seed} > \${outs.data}
    outs: { data: cache/out/data.txt }
  train:
    cmd: mkdir -p \${outs.model}; cat \${deps.data} > \${outs.model}/data; echo \${train.lr} > \${outs.model}/rate; echo abc > \${outs.words}
    deps: { data: cache/out/data.txt }
    params: [train.width]
    outs: { model: cache/out/model, words: cache/out/words.txt }
  evaluate:
    cmd: printf '{"val":%s}' "$(cat \${deps.model}/rate)" > \${outs.scores}
    deps: { model: cache/out/model, words: cache/out/words.txt }
    metrics: { scores: cache/out/scores.json }
`;

/** Seeds 1 and 3 make the same data, and widths the same model. */
const LOSSY = `params: { data: { seed: 1 }, train: { lr: 1, width: 1 } }
stages:
  prepare:
    cmd: echo $((\${data.seed} % 2)) > \${outs.data}
    outs: { data: cache/out/data.txt }
  train:
    matrix: { net: [a, b] }
    cmd: mkdir -p \${outs.model}; cat \${deps.data} > \${outs.model}/data; echo \${net} \${train.lr} > \${outs.model}/rate
    deps: { data: cache/out/data.txt }
    params: [train]
    outs: { model: "cache/out/\${net}/model" }
  evaluate:
    matrix: { net: [a, b] }
    cmd: cat \${deps.rate} \${deps.data} > \${outs.scores}
    deps: { rate: "cache/out/\${net}/model/rate", data: cache/out/data.txt }
    outs: { scores: "cache/out/\${net}/scores.txt" }
  summary:
    cmd: cat \${deps.all} > \${outs.table}
    deps: { all: "cache/out/*/scores.txt" }
    outs: { table: cache/out/table.txt }
`;

/** The params that may be known of the stages upstream. */
const UPSTREAM: Readonly<Record<string, readonly string[]>> = {
  train: ['data.seed'],
  evaluate: ['data.seed', 'train.lr', 'train.width'],
  summary: ['data.seed', 'train.lr', 'train.width'],
};

interface Row {
  readonly item: string;
  readonly key: string;
  readonly params: Record<string, unknown>;
  readonly upstream: Record<string, unknown>;
}

async function rowsOf(made: Project, ...args: string[]): Promise<Row[]> {
  const { code, out, err } = await made.pipe('results', '--json', ...args);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Row[];
}

async function tableOf(made: Project, ...args: string[]): Promise<string[][]> {
  const { code, out, err } = await made.pipe('results', ...args);
  expect([code, err]).toEqual([0, '']);
  const lines = out.trimEnd().split('\n');
  return lines.map((line) => line.split(/ {2,}/));
}

/** By column name: the cells of each row. */
async function columnOf(made: Project, name: string, ...args: string[]): Promise<string[]> {
  const [head, ...rows] = await tableOf(made, ...args);
  expect(head).toContain(name);
  return rows.map((row) => row[head?.indexOf(name) as number] as string);
}

async function run(made: Project, ...settings: string[]): Promise<void> {
  const { code, err } = await made.run(...settings.flatMap((setting) => ['--set', setting]));
  expect([code, err]).toEqual([0, expect.anything()]);
}

async function swept(text = PIPELINE, ...rates: string[]): Promise<Project> {
  const made = projectWithin({ 'pipeline.yaml': text });
  for (const rate of rates) await run(made, `train.lr=${rate}`);
  return made;
}

describe('the params of upstream stages', () => {
  it('name the best learning rate if another stage computes the metric', async () => {
    const made = await swept(PIPELINE, '3', '1', '2');
    const head = ['key', 'item', 'when', 'train.lr', 'val', 'time', 'state', 'deps.model'];
    expect((await tableOf(made, 'evaluate'))[0]).toEqual(head);
    expect(await columnOf(made, 'train.lr', 'evaluate', '--sort', 'val')).toEqual(['1', '2', '3']);
    expect(
      await columnOf(made, 'val', 'evaluate', '--filter', 'lr>1', '--sort', 'lr:desc'),
    ).toEqual(['3', '2']);
    const csv = (await made.pipe('results', 'evaluate', '--csv', '--sort', 'train.lr')).out;
    const [names, first] = csv.split('\n').map((line) => line.split(','));
    expect(names).toEqual(expect.arrayContaining(['data.seed', 'train.lr', 'train.width', 'val']));
    expect(first?.[names?.indexOf('train.lr') as number]).toBe('1');
  });

  it('are apart from the own params of a result, in JSON and in a comparison', async () => {
    const made = await swept(PIPELINE, '1', '2');
    const rows = await rowsOf(made, '--filter', 'train.lr=2');
    expect(rows.map(({ item, params, upstream }) => [item, params, upstream])).toEqual([
      ['evaluate', {}, { 'data.seed': 1, 'train.lr': 2, 'train.width': 8 }],
      ['train', { 'train.lr': 2, 'train.width': 8 }, { 'data.seed': 1 }],
    ]);
    const [a, b] = (await rowsOf(made, 'evaluate', '--sort', 'lr')).map(({ key }) => key);
    const { out } = await made.pipe('results', 'diff', a as string, b as string);
    expect(out).toMatch(/^upstream\.train\.lr +1 +2 +\+1 \(\+100 %\)$/m);
    expect(out).not.toMatch(/^(?:params|upstream\.(?!train\.lr))/m);
  });

  it('stay known after gc removed the results that made the deps', async () => {
    const made = await swept(PIPELINE, '1', '2', '3');
    expect((await made.pipe('cache', 'gc', '--max-age', '1s')).code).toBe(0);
    expect(await columnOf(made, 'train.lr', 'evaluate', '--sort', 'val')).toEqual(['1', '2', '3']);
  });

  it('are known for a dep inside an out, also after the pipeline began to read there', async () => {
    const inside = PIPELINE.replace('${deps.model}/rate', '${deps.rate}').replace(
      'deps: { model: cache/out/model, words',
      'deps: { rate: cache/out/model/rate, words',
    );
    const made = await swept(PIPELINE, '1', '2');
    expect(await columnOf(made, 'train.lr', 'evaluate', '--sort', 'val')).toEqual(['1', '2']);
    made.write('pipeline.yaml', inside);
    await run(made, 'train.lr=1');
    await run(made, 'train.lr=2');
    expect(
      await columnOf(made, 'train.lr', 'evaluate', '--filter', 'state=kept', '--sort', 'val'),
    ).toEqual(['1', '1', '2', '2']);
  });

  it('are known through a stage that the pipeline calls by another name now', async () => {
    const made = await swept(PIPELINE, '1', '2');
    made.write('pipeline.yaml', PIPELINE.replace('  train:', '  fit:'));
    expect(await columnOf(made, 'train.lr', 'evaluate', '--sort', 'val')).toEqual(['1', '2']);
  });

  it('are known through a pattern that gathers outs, each item with its own stages upstream', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { train: { lr: 3 }, big: { width: 8 } }
stages:
  small: { cmd: "echo \${train.lr} > \${outs.o}", outs: { o: cache/out/small } }
  big: { cmd: "echo \${train.lr}\${big.width} > \${outs.o}", outs: { o: cache/out/big } }
  evaluate:
    matrix: { net: [small, big] }
    cmd: "cat \${deps.net} > \${outs.scores}; echo > \${outs.log}"
    deps: { net: "cache/out/\${net}" }
    outs: { log: "cache/out/logs/\${net}", scores: "cache/out/scores/\${net}" }
  summary:
    cmd: printf '{"sum":%s}' "$(cat \${deps.all} | tr -d '\\n')" > \${outs.scores}
    deps: { all: "cache/out/scores/*" }
    metrics: { scores: cache/out/summary.json }
`,
    });
    for (const rate of ['3', '1']) await run(made, `train.lr=${rate}`);
    await run(made, 'train.lr=1', 'big.width=9');
    const best = ['summary', '--sort', 'sum'];
    expect(await columnOf(made, 'train.lr', ...best)).toEqual(['1', '1', '3']);
    expect(await columnOf(made, 'big.width', ...best)).toEqual(['8', '9', '8']);
    // Nothing of the others ran again.
    expect(await rowsOf(made, 'evaluate@small')).toHaveLength(2);
    // Of a stage that no longer gathers the same items, the digest says nothing.
    made.write('pipeline.yaml', made.read('pipeline.yaml').replace('[small, big]', '[small]'));
    expect((await rowsOf(made, 'summary')).map(({ upstream }) => upstream)).toEqual([{}, {}, {}]);
  });

  it('are unknown if results with different values made the same bytes', async () => {
    const made = projectWithin({
      'pipeline.yaml': PIPELINE.replace('echo ${train.lr} >', 'echo 5 >'),
    });
    await run(made, 'train.lr=1');
    await run(made, 'train.lr=2', 'train.width=8');
    const [row] = await rowsOf(made, 'evaluate');
    expect(row?.upstream).toEqual({ 'data.seed': 1, 'train.width': 8 });
    expect((await tableOf(made, 'evaluate'))[0]).not.toContain('train.lr');
  });

  it('are unknown if two deps were made with different values', async () => {
    const made = await swept(PIPELINE, '1');
    // Trains on the data of the earlier seed.
    await made.run('prepare', '--set', 'data.seed=2');
    const text = `${PIPELINE}  both:
    cmd: cat \${deps.data} \${deps.model}/data > \${outs.o}
    deps: { data: cache/out/data.txt, model: cache/out/model }
    outs: { o: cache/out/both.txt }
  after:
    cmd: cat \${deps.both} \${deps.data} > \${outs.o}
    deps: { both: cache/out/both.txt, data: cache/out/data.txt }
    outs: { o: cache/out/after.txt }
`;
    made.write('pipeline.yaml', text);
    for (const item of ['both', 'after'])
      expect((await made.run(item, '--only', '--set', 'train.lr=1')).code).toBe(0);
    const rows = await rowsOf(made, 'both', 'after');
    const known = { 'train.lr': 1, 'train.width': 8 };
    expect(rows.map(({ item, upstream }) => [item, upstream])).toEqual([
      ['after', known],
      ['both', known],
    ]);
  });

  it('are not taken from a stage that made the same bytes for others', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { a: 1, b: 2 }
stages:
  first: { cmd: "echo same > \${outs.o}", params: [a], outs: { o: cache/out/a } }
  second: { cmd: "echo same > \${outs.o}", params: [b], outs: { o: cache/out/b } }
  reader: { cmd: "cat \${deps.x} \${deps.input} > \${outs.o}", deps: { x: cache/out/a, input: in.txt }, outs: { o: cache/out/c } }
  input: { cmd: "cat \${deps.x} > \${outs.o}", deps: { x: in.txt }, outs: { o: cache/out/d } }
`,
      'in.txt': 'same\n',
    });
    await run(made);
    const rows = await rowsOf(made, 'reader', 'input', '--sort', 'item');
    expect(rows.map(({ upstream }) => upstream)).toEqual([{}, { a: 1 }]);
  });

  it('make no column if only another item has the stage upstream', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { small: { depth: 1 }, big: { width: 2 } }
stages:
  small: { cmd: "echo \${small.depth} > \${outs.o}", outs: { o: cache/out/small } }
  big: { cmd: "echo \${big.width} > \${outs.o}", outs: { o: cache/out/big } }
  evaluate:
    matrix: { net: [small, big] }
    cmd: cat \${deps.net} > \${outs.o}
    deps: { net: "cache/out/\${net}" }
    outs: { o: "cache/out/\${net}.txt" }
`,
    });
    await run(made);
    const head = ['key', 'item', 'when', 'time', 'state'];
    expect((await tableOf(made, 'evaluate'))[0]).toEqual(head);
    await run(made, 'big.width=5');
    expect(await columnOf(made, 'big.width', 'evaluate', '--sort', 'big.width')).toEqual([
      '2',
      '5',
      '–',
    ]);
  });

  it('are those with which the result was made, if no others could have made it (property)', async () => {
    const step = fc.record({
      'data.seed': fc.integer({ min: 1, max: 4 }),
      'train.lr': fc.integer({ min: 1, max: 3 }),
      'train.width': fc.integer({ min: 1, max: 2 }),
    });
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 2, maxLength: 6 }),
      async (steps) => {
        const made = projectWithin({ 'pipeline.yaml': LOSSY });
        const possible = new Map<string, Map<string, Set<number>>>();
        for (const params of steps) {
          const settings = Object.entries(params).map((each) => each.join('='));
          await run(made, ...settings);
          const variant = settings.flatMap((each) => ['--set', each]);
          for (const { key } of JSON.parse((await made.pipe('status', '--json', ...variant)).out))
            for (const [name, value] of Object.entries(params)) {
              const values = possible.get(key) ?? new Map<string, Set<number>>();
              possible.set(key, values.set(name, (values.get(name) ?? new Set()).add(value)));
            }
        }
        for (const { key, item, upstream } of await rowsOf(made))
          for (const [name, values] of possible.get(key) ?? []) {
            const above = UPSTREAM[item.split('@')[0] as string] ?? [];
            const [only] = values.size === 1 && above.includes(name) ? values : [];
            // Another seed or width may have made the same bytes, and a pattern may be unknown.
            const isOpen = (name !== 'train.lr' || item === 'summary') && !(name in upstream);
            expect([item, name, upstream[name]]).toEqual([item, name, isOpen ? undefined : only]);
          }
      },
    );
    await fc.assert(property, { numRuns: 4 });
  });

  it('are averaged over, and keep other sweeps apart', async () => {
    const made = projectWithin({
      'pipeline.yaml': PIPELINE.replace(
        '"$(cat ${deps.model}/rate)"',
        '"$(cat ${deps.model}/*|tr -d "\\n")"',
      ),
    });
    for (const seed of [1, 3])
      for (const rate of [1, 2]) await run(made, `data.seed=${seed}`, `train.lr=${rate}`);
    expect(await tableOf(made, 'evaluate', '--over', 'data.seed', '--sort', 'val')).toEqual([
      ['stage', 'n', 'train.lr', 'val'],
      ['evaluate', '2', '1', '21 ± 14'],
      ['evaluate', '2', '2', '22 ± 14'],
    ]);
  });

  it('are read again if an earlier version of pipe wrote the index', async () => {
    const made = await swept(PIPELINE, '1', '2');
    await made.pipe('results');
    const file = 'cache/v1/projects/here/results.json';
    const { body } = JSON.parse(made.read(file));
    const rows = body.rows.map(({ made: _made, measured, ...row }: Record<string, string>) => ({
      ...row,
      measured: JSON.stringify(JSON.parse(measured as string).slice(0, 2)),
    }));
    made.write(file, withChecksum({ ...body, rows }));
    expect(await columnOf(made, 'train.lr', 'evaluate', '--sort', 'val')).toEqual(['1', '2']);
  });
});
