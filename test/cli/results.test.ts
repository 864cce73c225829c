/** `pipe results`: every recorded result as a row, to sort, filter and export; rows survive gc. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** The loss is the rate. */
const QUICK = `params: { lr: 3, name: a }
stages:
  train:
    cmd: printf '{"loss":%s}' \${lr} > \${outs.m}; echo \${name} > \${outs.model}
    params: [lr, name]
    outs: { model: cache/out/model.txt }
    metrics: { m: cache/out/m.json }
  other:
    matrix: { size: [small, big] }
    cmd: echo \${size} > \${outs.o}
    outs: { o: "cache/out/\${size}.txt" }
`;

interface Row {
  readonly key: string;
  readonly item: string;
  readonly state: string;
  readonly when: string;
  readonly params: Record<string, unknown>;
  readonly metrics: Record<string, number>;
}

async function rowsOf(made: Project, ...args: string[]): Promise<Row[]> {
  const { code, out, err } = await made.pipe('results', '--json', ...args);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Row[];
}

async function swept(text = QUICK, ...rates: string[]): Promise<Project> {
  const made = projectWithin({ 'pipeline.yaml': text });
  for (const rate of rates) await made.run('train', '--set', `lr=${rate}`);
  await made.run();
  return made;
}

describe('pipe results', () => {
  it('says that there are none, before any run', async () => {
    const made = projectWithin({ 'pipeline.yaml': QUICK });
    expect((await made.pipe('results')).out).toBe(
      'there are no results: `pipe run` records them\n',
    );
    expect(await rowsOf(made)).toEqual([]);
  });

  it('lists every result with its params, metrics and state, newest first', async () => {
    const made = await swept(QUICK, '1', '2');
    const rows = await rowsOf(made, 'train');
    expect(rows.map(({ params, metrics, state }) => [params.lr, metrics.loss, state])).toEqual([
      [3, 3, 'current'],
      [2, 2, 'kept'],
      [1, 1, 'kept'],
    ]);
    expect(rows.every(({ when }) => Math.abs(Date.parse(when) - Date.now()) < 600_000)).toBe(true);
    expect((await rowsOf(made)).map(({ item }) => item).sort()).toEqual(
      ['other@big', 'other@small', 'train', 'train', 'train'].sort(),
    );
  });

  it('shows only columns that differ among the rows', async () => {
    const made = await swept(QUICK, '1', '20');
    const { out } = await made.pipe('results', 'train', '--sort', 'loss:desc');
    const [head, ...lines] = out.trimEnd().split('\n');
    expect(head?.split(/ {2,}/)).toEqual(['key', 'item', 'when', 'lr', 'loss', 'time', 'state']);
    expect(lines.map((line) => line.split(/ {2,}/)[3])).toEqual(['20', '3', '1']);
    const best = await made.pipe('results', 'train', '--sort', 'loss', '--limit', '1');
    expect(best.out).toMatch(/^key +item +when +lr +loss +time +state\n.{10} +train .* 1 /);
  });

  it('names the options of a command whose values are literal', async () => {
    const made = projectWithin({});
    for (const rate of ['1', '2']) {
      const text = `stages: { a: { cmd: "echo --rate ${rate} > \${outs.o}", outs: { o: cache/out/o } } }`;
      made.write('pipeline.yaml', text);
      await made.run();
    }
    const { out } = await made.pipe('results', '--filter', '--rate<2', '--csv');
    const [head, line, ...rest] = out.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect([head?.split(',')[0], line?.split(',')[0]]).toEqual(['item', 'a']);
    expect((await made.pipe('results')).out).toMatch(/^key +item +when +--rate +time +state\n/);
  });

  it('names the overrides of Hydra by what they override', async () => {
    const made = projectWithin({});
    for (const rate of ['1', '2']) {
      const text = `stages: { a: { cmd: "echo -m model.rate=${rate} +width=${rate}0 > \${outs.o}", outs: { o: cache/out/o } } }`;
      made.write('pipeline.yaml', text);
      await made.run();
    }
    const { out } = await made.pipe('results', '--filter', 'model.rate<2', '--csv');
    expect(out.trimEnd().split('\n')).toHaveLength(2);
    expect((await made.pipe('results')).out).toMatch(
      /^key +item +when +model\.rate +width +time +state\n.* 2 +20 .*\n.* 1 +10 /,
    );
  });

  it('shows no word of the command that only params and axes determine', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { lr: 1e-3, width: 8 }
stages:
  a:
    matrix: { set: [x, y] }
    cmd: "echo '(\${lr}*2)/\${width}' --of=\${set}.txt > \${outs.o}"
    outs: { o: "cache/out/\${set}.txt" }
`,
    });
    for (const set of ['lr=0.5', 'width=16', 'lr=2e-05']) await made.run('--set', set);
    const columns = ['key', 'item', 'when', 'lr', 'width', 'time', 'state'];
    const { out } = await made.pipe('results', 'a');
    expect(out.split('\n')[0]?.split(/ {2,}/)).toEqual(columns);
    await made.pipe('report');
    const page = made.read('cache/report.html');
    expect(page.match(/"kind":"(?:param|option)"/g)).toEqual(Array(2).fill('"kind":"param"'));
  });

  it('names the params that were substituted in a command, even of results from a remote cache', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { train: { lr: 3 } }
stages:
  a:
    cmd: printf '{"loss":%s}' \${train.lr} > \${outs.m}
    metrics: { m: cache/out/m.json }
`,
    });
    made.env.PIPE_REMOTE = `file://${made.path('remote')}`;
    for (const rate of ['0.1', '0.2']) await made.run('--set', `train.lr=${rate}`);
    const table = async () => (await made.pipe('results', '--sort', 'train.lr:desc')).out;
    const shape = [['key', 'item', 'when', 'train.lr', 'loss', 'time', 'state'], '0.2', '0.1'];
    const shapeOf = (out: string) => {
      const [head, ...lines] = out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/));
      return [head, ...lines.map((line) => line[3])];
    };
    expect(shapeOf(await table())).toEqual(shape);
    expect((await rowsOf(made, '--filter', 'train.lr<0.15')).map(({ params }) => params)).toEqual([
      { 'train.lr': 0.1 },
    ]);
    made.remove('cache');
    for (const rate of ['0.1', '0.2'])
      expect((await made.run('--set', `train.lr=${rate}`)).with('restored')).toEqual(['a']);
    expect(shapeOf(await table())).toEqual(shape);
  });

  it('sorts, filters and limits: every filter must match', async () => {
    const made = await swept(QUICK, '1', '2', '10', 'none');
    const rates = async (...args: string[]) =>
      (await rowsOf(made, 'train', ...args)).map(({ params }) => params.lr);
    expect(await rates('--sort', 'loss')).toEqual([1, 2, 3, 10, 'none']);
    expect(await rates('--sort', 'time')).toEqual(await rates('--sort', 'seconds'));
    expect(await rates('--sort', 'loss:desc', '--limit', '2')).toEqual([10, 3]);
    expect(await rates('--sort', 'metrics.loss DESC', '--limit', '1')).toEqual([10]);
    expect(await rates('--filter', 'loss > 1', '--filter', 'lr<=3')).toEqual([3, 2]);
    expect(await rates('--filter', 'state=kept', '--filter', 'params.lr!=2')).toEqual([
      'none',
      10,
      1,
    ]);
    expect(await rates('--filter', 'when>2020-01-01', '--filter', 'name=a')).toHaveLength(5);
    expect(await rates('--filter', 'lr~ON')).toEqual(['none']);
    expect(await rates('--filter', 'loss > 1 AND lr<=3 and state = "current"')).toEqual([3]);
    expect(await rates('--filter', "name='a' and lr=2")).toEqual([2]);
    expect(await rates('--filter', "name='a' && lr=2")).toEqual([2]);
    expect(await rates('--filter', 'loss>1 lr <= 2')).toEqual([2]);
    await made.run('train', '--set', 'name=salt and lr=2');
    expect(await rates('--filter', "name='salt and lr=2'")).toEqual([3]);
    await made.run('train', '--set', 'name=salt and lr');
    expect(await rates('--filter', 'name=salt and lr')).toEqual([3]);
    expect(await rates('--filter', 'name~and l and lr<4')).toEqual([3, 3]);
    expect((await made.pipe('results', '--filter', 'lr>99')).out).toBe(
      'none of the 9 results matches the filters\n',
    );
  });

  it('prints only the metrics that --metric matches, in every form, and sorts by others', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  train:
    matrix: { seed: [1, 2] }
    cmd: printf '{"test":{"ssim":0.%s,"mae":3},"loss":-%s}' \${seed} \${seed} > \${outs.m}
    metrics: { m: "cache/out/\${seed}.json" }
`,
    });
    await made.run();
    const heads = async (...args: string[]) =>
      (await made.pipe('results', ...args)).out.split('\n')[0]?.split(/ {2,}|,/);
    const wanted = ['--metric', 'test.s*', '--metric', 'lo?s'];
    expect(await heads(...wanted)).toEqual([
      'key',
      'item',
      'when',
      'loss',
      'test.ssim',
      'time',
      'state',
    ]);
    expect(await heads('--csv', ...wanted)).not.toContain('test.mae');
    expect(await heads('--over', 'seed', ...wanted)).toEqual(['stage', 'n', 'loss', 'test.ssim']);
    const rows = await rowsOf(made, '--sort', 'loss', '--metric', 'test.ssim');
    expect(rows.map(({ metrics }) => metrics)).toEqual([
      { 'test.ssim': 0.2 },
      { 'test.ssim': 0.1 },
    ]);
    expect(await made.pipe('results', '--metric', 'test.sim')).toMatchObject({
      code: 2,
      err: 'error: no metric matches "test.sim" (unknown-column)\n  did you mean "test.ssim"?\n',
    });
  });

  it('refuses an unknown name with a suggestion, and a filter that is not a comparison', async () => {
    const made = await swept(QUICK);
    const mistake = async (...args: string[]) => {
      const { code, err } = await made.pipe('results', ...args);
      expect(code).toBe(2);
      return err;
    };
    expect(await mistake('--sort', 'los')).toBe(
      'error: no result has a param or metric "los" (unknown-column)\n  did you mean "loss"?\n',
    );
    expect(await mistake('--sort', '-loss')).toContain('write --sort loss:desc to sort from large');
    expect(await mistake('--filter', 'lr')).toContain('--filter "lr" is not a comparison');
    expect(await mistake('--filter', 'lr<1 or lr>2')).toContain('has an "or"');
    expect(await mistake('--filter', 'lr<1 || lr>2')).toContain('has an "or"');
    expect((await made.pipe('results', '--filter', "name='a or b=c'")).code).toBe(0);
    expect(await mistake('--filter', 'when>soon')).toContain('"soon" is not a date');
    const axes = 'no result has an axis or a param "siz" (unknown-column)\n  did you mean "size"?';
    expect(await mistake('--over', 'siz')).toBe(`error: ${axes}\n`);
    const all = await mistake('--over', 'foo');
    expect(all).toMatch(/\n {2}there are: lr, name, size\n$/);
    expect(await mistake('tran')).toContain('did you mean "train"?');
  });

  it('asks which one is meant if a param and a metric share a name', async () => {
    const made = await swept(QUICK.replace('"loss"', '"lr"'));
    const { code, err } = await made.pipe('results', '--sort', 'lr');
    expect([code, err]).toEqual([
      2,
      'error: "lr" matches more than one column (ambiguous-column)\n  write params.lr or metrics.lr\n',
    ]);
    expect(await rowsOf(made, '--sort', 'metrics.lr')).toHaveLength(3);
  });

  it('prints Markdown, and CSV with quotes where needed', async () => {
    const made = await swept(QUICK.replace('name: a', 'name: \'x, "y"\''), '1');
    const md = (await made.pipe('results', 'train', '--md')).out;
    expect(md).toMatch(/^\| key \| item \| when \| lr \| loss \| time \| state \|\n\| --- /);
    const { out } = await made.pipe('results', 'train', '--csv', '--sort', 'lr');
    expect(out.split('\n')[1]).toContain(',"x, ""y""",');
  });

  it('averages over an axis, with one row for each combination of the others, and counts each value once', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { seeds: [1, 2, 3] }
stages:
  prepare: { cmd: "echo > \${outs.o}", outs: { o: cache/out/o } }
  train:
    matrix: { lr: [10, 20], seed: "\${seeds}" }
    cmd: printf '{"loss":%s%s}' \${lr} \${seed} > \${outs.m}
    metrics: { m: "cache/out/\${lr}/\${seed}.json" }
`,
    });
    await made.run();
    const { out } = await made.pipe('results', '--over', 'seed', '--sort', 'loss');
    const cells = (line: string) => line.split(/ {2,}/);
    expect(out.trimEnd().split('\n').map(cells)).toEqual([
      ['stage', 'n', 'lr', 'loss'],
      ['train', '3', '10', '102 ± 1'],
      ['train', '3', '20', '202 ± 1'],
    ]);
    // Another result with the same seed: the newest counts.
    const text = made.read('pipeline.yaml').replace('{"loss":%s%s}', '{"loss":%s9%s}');
    made.write('pipeline.yaml', text);
    await made.run('train@10,1');
    const groups = JSON.parse((await made.pipe('results', '--over', 'seed', '--json')).out);
    expect(groups[0]).toMatchObject({ matrix: { lr: 10 }, n: 3 });
    const [mean, sd] = [(1091 + 102 + 103) / 3, Math.sqrt((659 ** 2 + 330 ** 2 + 329 ** 2) / 2)];
    expect(groups[0].metrics.loss.mean).toBeCloseTo(mean, 6);
    expect(groups[0].metrics.loss.sd).toBeCloseTo(sd, 6);
    const csv = await made.pipe('results', '--over', 'seed', '--csv', '--filter', 'seed=2');
    expect(csv.out.split('\n')[0]).toMatch(/^stage,n,lr,code,loss,loss sd$/);
    expect(csv.out).toMatch(/^train,1,10,\w+,102,$/m);
    const wrong = await made.pipe('results', '--over', 'loss');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('not an axis or a param')]);
  });

  it('averages over a param whose values are lists, by their elements', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { seed: [1, 2], lr: 1 }
stages:
  train:
    cmd: printf '{"loss":%s}' \${lr} > \${outs.m}
    params: [seed]
    metrics: { m: cache/out/m.json }
`,
    });
    for (const seed of ['[1,2]', '[2,3]', '"[1,2]"']) await made.run('--set', `seed=${seed}`);
    // An equal list, with another key.
    made.write('pipeline.yaml', made.read('pipeline.yaml').replace('printf', 'true; printf'));
    await made.run('--set', 'seed=[1,2]');
    const groups = JSON.parse((await made.pipe('results', '--over', 'seed', '--json')).out);
    expect(groups).toMatchObject([{ n: 3, metrics: { loss: { mean: 1, n: 3 } } }]);
  });

  it('gives the same rows to several commands that create the index at the same time', async () => {
    const made = await swept(QUICK, '1', '2');
    const all = await Promise.all([rowsOf(made), rowsOf(made), rowsOf(made)]);
    expect(all[0]).toHaveLength(5);
    expect(all).toEqual([all[0], all[0], all[0]]);
  });

  it('keeps the rows of results whose outs gc removed', async () => {
    const made = await swept(QUICK, '1', '2');
    // No command has read the rows before: gc itself creates the index.
    expect((await made.pipe('cache', 'gc', '--max-age', '1s')).code).toBe(0);
    const states = async () =>
      (await rowsOf(made, 'train', '--sort', 'lr')).map(({ metrics, state }) => [
        metrics.loss,
        state,
      ]);
    made.remove('cache/v1/records');
    expect(await states()).toEqual([
      [1, 'removed'],
      [2, 'removed'],
      [3, 'removed'],
    ]);
    await made.run('train', '--set', 'lr=1');
    expect((await states())[0]).toEqual([1, 'kept']);
  });

  it('reads metrics that pipeline.yaml lists only later', async () => {
    const made = await swept(
      QUICK.replace('metrics: { m:', 'outs: { m:').replace(
        'outs: { model: cache/out/model.txt }\n    outs: { m:',
        'outs: { model: cache/out/model.txt, m:',
      ),
    );
    expect((await rowsOf(made, 'train')).map(({ metrics }) => metrics)).toEqual([{}]);
    made.write('pipeline.yaml', QUICK);
    expect((await rowsOf(made, 'train')).map(({ metrics }) => metrics)).toEqual([{ loss: 3 }]);
  });

  it('reads the metrics of a stage and its epochs that the pipeline no longer has', async () => {
    const text = `params: { n: 2 }
stages:
  NAME:
    cmd: |
      for k in $(seq $((PIPE_EPOCH + 1)) $PIPE_EPOCHS); do
        mkdir $PIPE_COMMIT/d; echo "{\\"loss\\": $k}" > $PIPE_COMMIT/d/metrics.json
        mv $PIPE_COMMIT/d $PIPE_COMMIT/$k
      done
      mkdir out; echo '{"acc": 5}' > out/m.json
    params: [n]
    outs: [out]
    metrics: [out/m.json]
    epochs: \${n}
`;
    const made = projectWithin({ 'pipeline.yaml': text.replace('NAME', 'train') });
    await made.run();
    made.write('pipeline.yaml', text.replace('NAME', 'fit'));
    expect(await rowsOf(made)).toMatchObject([{ item: 'train', metrics: { loss: 2, acc: 5 } }]);
    await made.run('--set', 'n=3');
    expect((await rowsOf(made)).map(({ item, metrics }) => [item, metrics])).toEqual([
      ['fit', { loss: 3, acc: 5 }],
      ['train', { loss: 2, acc: 5 }],
    ]);
  });

  it('reads only the epoch of the outs from a chain', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  train:
    cmd: |
      for epoch in 1 2 3; do
        mkdir "$PIPE_COMMIT/d" && echo "{\\"score\\": $epoch}" > "$PIPE_COMMIT/d/metrics.json"
        mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/$epoch"
      done
      echo > \${outs.o}
    epochs: 3
    outs: { o: cache/out/o }
`,
    });
    await made.run();
    const [chain] = readdirSync(made.path('cache/v1/chains'));
    made.write(`cache/v1/chains/${chain}/2.json`, 'damaged');
    expect((await rowsOf(made)).map(({ metrics }) => metrics)).toEqual([{ score: 3 }]);
  });

  it('never averages results after different numbers of epochs, and shows the number', async () => {
    const made = projectWithin({
      'pipeline.yaml': `params: { n: 2 }
stages:
  train:
    matrix: { seed: [1, 2] }
    cmd: |
      for epoch in $(seq $((PIPE_EPOCH + 1)) $PIPE_EPOCHS); do
        mkdir "$PIPE_COMMIT/d" && echo "{\\"loss\\": $epoch}" > "$PIPE_COMMIT/d/metrics.json"
        mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/$epoch"
      done
      echo $PIPE_EPOCHS > \${outs.o}
    epochs: \${n}
    outs: { o: "cache/out/\${seed}" }
  score:
    matrix: { seed: [1, 2] }
    cmd: cp \${deps.o} \${outs.s}
    deps: { o: "cache/out/\${seed}" }
    outs: { s: "cache/out/s\${seed}" }
`,
    });
    await made.run();
    await made.run('score@1', '--set', 'n=6');
    const means = await made.pipe('results', 'train', '--over', 'seed', '--json');
    const groups = JSON.parse(means.out) as { n: number; params: object; metrics: object }[];
    expect(groups.map(({ n, params }) => [n, params])).toEqual([
      [1, { epochs: 6 }],
      [2, { epochs: 2 }],
    ]);
    expect(await rowsOf(made, 'train', '--filter', 'epochs=6')).toHaveLength(1);
    const scores = await rowsOf(made, 'score', '--filter', 'epochs=6');
    expect(scores.map(({ item }) => item)).toEqual(['score@1']);
  });

  it('has one column for the number of epochs if it is a listed param', async () => {
    const pipeline = (params: string) => `params: { train: { epochs: 1, lr: 1 } }
stages:
  train:
    cmd: mkdir $PIPE_COMMIT/d; touch $PIPE_COMMIT/d/x; mv $PIPE_COMMIT/d $PIPE_COMMIT/1; touch \${outs.o}
    params: [${params}]
    epochs: \${train.epochs}
    outs: { o: o }
`;
    const made = projectWithin({ 'pipeline.yaml': pipeline('train') });
    await made.run();
    const [row] = await rowsOf(made);
    expect(row?.params).toEqual({ 'train.epochs': 1, 'train.lr': 1 });
    made.write('pipeline.yaml', pipeline('train.lr'));
    await made.run();
    const [, other] = await rowsOf(made, '--sort', 'when');
    expect(other?.params).toEqual({ epochs: 1, 'train.lr': 1 });
  });

  it('marks the results of --set as current', async () => {
    const made = await swept(QUICK, '1');
    const rows = await rowsOf(made, 'train', '--set', 'lr=1');
    expect(rows.map(({ params, state }) => [params.lr, state])).toEqual([
      [3, 'kept'],
      [1, 'current'],
    ]);
  });

  it('lists results although the code of the pipeline cannot be read', async () => {
    const made = await swept(QUICK);
    made.write('pipeline.yaml', `${QUICK}  broken: { run: broken.ts, outs: { x: cache/out/x } }\n`);
    const { code, err, out } = await made.pipe('results', 'train', '--json');
    expect([code, (JSON.parse(out) as Row[]).map(({ state }) => state)]).toEqual([0, ['kept']]);
    expect(err).toContain('warning: no result is marked as current: ');
  });
});
