import { cpSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed, projectWithin } from '../rig/projects.js';
import { pythonEnvironment } from '../rig/python.js';
import { ranOnce } from '../rig/template.js';
import { ProjectWithin } from '../rig/within.js';

/**
 * A stage whose state is a list of numbers, each computed from the previous one; it logs what it
 * computes.
 */
const STAGE = `import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineStage } from 'pipe-run/stage';

export default defineStage(async ({ epochs, params, outs }) => {
  let values = epochs.state ? JSON.parse(readFileSync(path.join(epochs.state, 'state.json'), 'utf8')) : [params.train.rate];
  for (const epoch of epochs.remaining()) {
    appendFileSync('computed.txt', epoch + '\\n');
    values = [...values, values.at(-1) * 3 + epoch];
    await epochs.commit(epoch, (folder) => writeFileSync(path.join(folder, 'state.json'), JSON.stringify(values)), {
      val: { score: params.train.curve[epoch - 1] ?? 0 },
    });
  }
  appendFileSync('started.txt', epochs.completed + '\\n');
  writeFileSync(outs.model, JSON.stringify(values));
});
`;

const PIPELINE = `
params:
  train: { epochs: 4, rate: 2, curve: [1, 5, 3, 4, 2, 2, 2, 2] }
stages:
  train:
    run: stages/train.mjs
    params: [train]
    outs: { model: model.json }
    epochs: \${train.epochs}
`;

const FILES = { 'pipeline.yaml': PIPELINE, 'stages/train.mjs': STAGE };

/** Output of an uninterrupted run. */
function model(epochs: number): string {
  const values = [2];
  for (let epoch = 1; epoch <= epochs; epoch++) values.push((values.at(-1) as number) * 3 + epoch);
  return JSON.stringify(values);
}

const runOnce = ranOnce(FILES, ProjectWithin);

/** The same project after a run. */
async function ran(): Promise<Project> {
  return disposed(await runOnce());
}

describe('an incremental stage', () => {
  it('computes 8 epochs in total for targets 4, 8, 2 and 8', async () => {
    const made = projectWithin(FILES);
    for (const epochs of [4, 8, 2, 8]) {
      const run = await made.run('--set', `train.epochs=${epochs}`);
      expect(run.err + run.code).toBe('0');
      expect(made.read('model.json')).toBe(model(epochs));
    }
    expect(made.lines('computed.txt')).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('reports each epoch, and the epoch from which it resumed', async () => {
    const made = projectWithin(FILES);
    await made.run('--set', 'train.epochs=2');
    const run = await made.run();
    expect(run.events.find((event) => event.type === 'start')).toMatchObject({
      epochs: { completed: 2, target: 4 },
    });
    expect(run.events.filter((event) => event.type === 'epoch')).toMatchObject([
      { epoch: 3, target: 4, metrics: { val: { score: 3 } } },
      { epoch: 4, target: 4, metrics: { val: { score: 4 } } },
    ]);
    expect(run.items.train).toMatchObject({ verdict: 'ran', epochs: { computed: 2, reached: 4 } });
  });

  it('returns to its chain when a param is changed back', async () => {
    const made = await ran();
    await made.run('--set', 'train.rate=3');
    expect(made.lines('computed.txt')).toHaveLength(8);
    const back = await made.run('--set', 'train.epochs=3');
    expect(back.items.train).toMatchObject({ epochs: { computed: 0, reached: 3 } });
    expect(made.read('model.json')).toBe(model(3));
  });

  it('computes nothing in a clone that shares the cache', async () => {
    const made = await ran();
    const clone = projectWithin({});
    cpSync(made.root, clone.root, {
      recursive: true,
      filter: (name) => !/cache|model|txt/.test(name.slice(made.root.length)),
    });
    clone.env.PIPE_CACHE = made.path('cache');
    const run = await clone.run();
    expect(run.with('restored')).toEqual(['train']);
    const more = await clone.run('--set', 'train.epochs=6');
    expect(more.items.train).toMatchObject({ epochs: { computed: 2 } });
    expect(clone.read('model.json')).toBe(model(6));
  });

  it('starts only to write its outs when the epochs exist and the outs do not', async () => {
    const made = projectWithin(FILES);
    await made.run('--set', 'train.epochs=6');
    await made.run();
    expect(made.lines('started.txt')).toEqual(['0', '4']);
    expect(made.lines('computed.txt')).toHaveLength(6);
  });

  it('starts again from epoch 1 with --force', async () => {
    const made = await ran();
    await made.run('--force');
    expect(made.lines('computed.txt')).toHaveLength(8);
    expect(made.read('model.json')).toBe(model(4));
  });

  it('keeps the states that `keep` selects, and the metrics of every epoch', async () => {
    const made = projectWithin({
      ...FILES,
      'pipeline.yaml': PIPELINE.replace(
        '    outs:',
        '    keep: { last: 1, every: 3, best: val.score }\n    outs:',
      ),
    });
    await made.run('--set', 'train.epochs=8');
    const { out } = await made.pipe('epochs', 'train', '--json', '--set', 'train.epochs=8');
    const [chain] = JSON.parse(out) as {
      epochs: { epoch: number; kept: boolean; metrics: unknown }[];
    }[];
    expect(chain?.epochs.filter((epoch) => epoch.kept).map((epoch) => epoch.epoch)).toEqual([
      2, 3, 6, 8,
    ]);
    expect(chain?.epochs.map((epoch) => epoch.metrics)).toHaveLength(8);
  });

  it('keeps the newest state of a recomputed shorter training, so that a kill loses at most one epoch', async () => {
    const made = projectWithin({
      'pipeline.yaml': PIPELINE.replace('    outs:', '    keep: { last: 1 }\n    outs:'),
      // The second time, it waits at epoch 4 to be killed there.
      'stages/train.mjs': STAGE.replace(
        "appendFileSync('computed.txt', epoch + '\\n');",
        "appendFileSync('computed.txt', epoch + '\\n');\n    if (epoch === 4 && existsSync('wait')) await new Promise((resolve) => setTimeout(resolve, 3e5));",
      ).replace('{ appendFileSync,', '{ appendFileSync, existsSync,'),
    });
    await made.run('--set', 'train.epochs=8');
    made.write('wait', '');
    const run = made.start('run', '--json', '--set', 'train.epochs=5');
    await run.event((event) => event.type === 'epoch' && event.epoch === 3);
    run.kill('SIGKILL');
    await run.ended;
    made.remove('wait');
    const again = await made.run('--set', 'train.epochs=5');
    expect(again.err + again.code).toBe('0');
    expect(again.items.train).toMatchObject({ epochs: { computed: 2, reached: 5 } });
    expect(made.read('model.json')).toBe(model(5));
  });

  it('stops early when patience ends, and writes the outs of the best epoch', async () => {
    const made = projectWithin({
      'pipeline.yaml': PIPELINE.replace(
        '${train.epochs}',
        '{ max: 8, patience: 2, best: val.score }',
      ),
      // Beyond its limit of running ahead, it only waits to be stopped.
      'stages/train.mjs': STAGE.replace(
        '  }\n  append',
        '    if (epoch === 6) await new Promise((resolve) => setTimeout(resolve, 3e5));\n  }\n  append',
      ),
    });
    const run = await made.run();
    expect(run.err + run.code).toBe('0');
    expect(run.items.train).toMatchObject({ verdict: 'ran', epochs: { reached: 2, target: 8 } });
    expect(made.read('model.json')).toBe(model(2));
    expect(made.lines('computed.txt').length).toBeLessThanOrEqual(6);
    const again = await made.run();
    expect(again.with('fresh')).toEqual(['train']);
  });

  it('that is started again to write its outs records the time of both starts', async () => {
    const burn = 'while (process.cpuUsage().user < 5e5) for (let i = 0; i < 1e6; i++);';
    const made = projectWithin({
      'pipeline.yaml': PIPELINE.replace('${train.epochs}', '{ max: 4, best: val.score }'),
      'stages/train.mjs': STAGE.replace('    appendFileSync', `    ${burn}\n    appendFileSync`),
    });
    const { items } = await made.run();
    // pipe may end the first process before it notes its start.
    expect(made.lines('started.txt').at(-1)).toBe('2');
    const [result] = JSON.parse((await made.pipe('results', '--json')).out);
    expect(result.seconds).toBeGreaterThan(0.4);
    expect(result.cpuSeconds).toBeGreaterThan(0.4);
    expect(items.train).toMatchObject({ cpuSeconds: result.cpuSeconds });
  });

  it('writes other outs without computing an epoch when the choice of the epoch changes', async () => {
    const pipeline = (epochs: string) => PIPELINE.replace('${train.epochs}', epochs);
    const most = pipeline('{ max: 4, best: { metric: val.score, mode: max } }');
    const made = projectWithin({ ...FILES, 'pipeline.yaml': most });
    await made.run();
    expect(made.read('model.json')).toBe(model(2));
    made.write('pipeline.yaml', pipeline('{ max: 4, best: { metric: val.score, mode: min } }'));
    const frozen = await made.pipe('run', '--frozen');
    expect(frozen.out).toContain('epochs.best.mode max → min');
    expect((await made.pipe('why', 'train')).out).toBe(
      'train would run:\n  epochs.best.mode max → min\n',
    );
    const least = await made.run();
    expect(least.items.train).toMatchObject({
      verdict: 'ran',
      epochs: { computed: 0, reached: 1 },
    });
    expect(made.read('model.json')).toBe(model(1));
    made.write('pipeline.yaml', most);
    expect((await made.run()).with('restored')).toEqual(['train']);
    expect(made.read('model.json')).toBe(model(2));
    made.write('pipeline.yaml', pipeline('{ max: 4, patience: 1, best: val.score }'));
    expect((await made.pipe('why', 'train')).out).toContain('  epochs.patience (absent) → 1\n');
    await made.run();
    expect(made.lines('computed.txt')).toEqual(['1', '2', '3', '4']);
    expect((await made.pipe('run', '--frozen')).code).toBe(0);
  });

  it('with --dry reports how many epochs are kept and how many would run', async () => {
    const made = projectWithin(FILES);
    await made.run('--set', 'train.epochs=3');
    const { out } = await made.pipe('run', '--dry');
    expect(out).toMatch(/^train: 3 epochs kept, 1 to run, about [\d.]+ s \(epochs 3 → 4\)$/m);
  });

  it('recovers what was committed but not stored when everything was killed', async () => {
    const made = projectWithin(FILES);
    await made.run('--set', 'train.epochs=2');
    const { out } = await made.pipe('epochs', 'train', '--json');
    const [chain] = JSON.parse(out) as { chain: string; commit: string }[];
    // As after a run that died between commit and store.
    const values = JSON.stringify(JSON.parse(model(3)));
    made.write(`cache/draft/state.json`, values);
    made.write(`cache/draft/metrics.json`, '{"val":{"score":3}}');
    renameSync(made.path('cache/draft'), `${chain?.commit}/3`);
    await made.run();
    expect(made.lines('computed.txt')).toEqual(['1', '2', '4']);
    expect(made.read('model.json')).toBe(model(4));
    const { epochs } = JSON.parse((await made.pipe('epochs', 'train', '--json')).out)[0];
    // The duration of epoch 3 is unknown: the estimate is that of the previous epoch.
    expect(epochs[2].seconds).toBe(epochs[1].seconds);
  });

  it.each(['a clone that shares the cache', 'the project at its new place'])(
    'recovers in %s what was committed but not stored',
    async (where) => {
      const pipeline = PIPELINE.replace('    outs:', '    deps: [data.txt]\n    outs:');
      const made = projectWithin({ ...FILES, 'pipeline.yaml': pipeline, 'data.txt': 'x' });
      made.env.PIPE_CACHE = projectWithin({}).path('shared');
      await made.run('--set', 'train.epochs=2');
      const { out } = await made.pipe('epochs', 'train', '--json');
      const [chain] = JSON.parse(out) as { commit: string }[];
      made.write('../draft/state.json', model(3));
      renameSync(made.path('../draft'), `${chain?.commit}/3`);
      const next = projectWithin({});
      rmSync(next.root, { recursive: true });
      if (where.startsWith('a clone')) cpSync(made.root, next.root, { recursive: true });
      else renameSync(made.root, next.root);
      next.env.PIPE_CACHE = made.env.PIPE_CACHE;
      const run = await next.run();
      expect(run.items.train).toMatchObject({ epochs: { computed: 1 } });
      expect(next.read('model.json')).toBe(model(4));
    },
  );

  it("derives the durations of an orphan's epochs from their timestamps", async () => {
    const made = projectWithin(FILES);
    await made.run('--set', 'train.epochs=1');
    const { out } = await made.pipe('epochs', 'train', '--json');
    const [chain] = JSON.parse(out) as { commit: string }[];
    for (const epoch of [2, 3]) {
      made.write('cache/draft/state.json', model(epoch));
      utimesSync(made.path('cache/draft'), 0, 1000 + 40 * epoch);
      renameSync(made.path('cache/draft'), `${chain?.commit}/${epoch}`);
    }
    await made.run('--set', 'train.epochs=3');
    const { epochs } = JSON.parse((await made.pipe('epochs', 'train', '--json')).out)[0];
    expect(epochs[1].seconds).toBe(epochs[0].seconds);
    expect(epochs[2].seconds).toBe(40);
  });
});

describe('the epoch protocol in a shell', () => {
  const SHELL = `
stages:
  train:
    cmd: |
      echo "$PIPE_EPOCH" >> started.txt
      last=0
      if [ "$PIPE_EPOCH" -gt 0 ]; then last=$(cat "$PIPE_STATE/value"); fi
      epoch=$PIPE_EPOCH
      while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
        epoch=$((epoch + 1))
        last=$((last * 2 + epoch))
        echo "$epoch" >> computed.txt
        mkdir "$PIPE_COMMIT/draft" && echo "$last" > "$PIPE_COMMIT/draft/value"
        mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$epoch"
      done
      echo "$last" > \${outs.model}
    outs: { model: model.txt }
    epochs: 5
`;

  it('resumes like any other', async () => {
    const made = projectWithin({ 'pipeline.yaml': SHELL });
    const run = await made.run();
    expect(run.err + run.code).toBe('0');
    expect(made.read('model.txt')).toBe('57\n');
    made.write('pipeline.yaml', SHELL.replace('epochs: 5', 'epochs: 7'));
    await made.run();
    expect(made.lines('started.txt')).toEqual(['0', '5']);
    expect(made.lines('computed.txt')).toHaveLength(7);
    expect(made.read('model.txt')).toBe('247\n');
  });

  it('warns that a command with the number of epochs computes all again for another number', async () => {
    const made = projectWithin({
      'pipeline.yaml': SHELL.replace('stages:', 'params: { n: 1, m: 1 }\nstages:')
        .replace('echo "$PIPE_EPOCH"', 'echo ${n}${m} "$PIPE_EPOCH"')
        .replace('epochs: 5', 'epochs: ${n}'),
    });
    const warnings = async (...args: string[]) =>
      (await made.run(...args)).events.flatMap((event) =>
        event.type === 'warning' ? [event.message] : [],
      );
    expect((await warnings()).join()).toContain('its command contains ${n}, its number of epochs');
    await warnings('--set', 'n=2');
    expect(made.lines('started.txt')).toEqual(['11 0', '21 0']);
    made.write(
      'pipeline.yaml',
      made.read('pipeline.yaml').replace('epochs: ${n}', 'epochs: ${m}').replace('${m} "', ' "'),
    );
    expect(await warnings()).toEqual([]);
  });

  it('enforces the order: a gap is an error', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  train:
    cmd: mkdir "$PIPE_COMMIT/d"; mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/2"; while [ -d "$PIPE_COMMIT" ]; do sleep 0.1; done
    outs: { model: model.txt }
    epochs: 3
`,
    });
    const run = await made.run();
    expect(run.code).toBe(1);
    expect(run.items.train?.failure?.message).toContain(
      'epoch 2 was committed, but epoch 1 was not',
    );
  });

  it('enforces the target: a process that stops before it has failed', async () => {
    const made = projectWithin({
      'pipeline.yaml': 'stages:\n  train: { cmd: "echo x > m.txt", outs: [m.txt], epochs: 3 }\n',
    });
    const run = await made.run();
    expect(run.items.train?.failure?.message).toContain('ended without committing an epoch');
  });

  it('says what may end a training early to one that stops by itself', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  train:
    cmd: mkdir "$PIPE_COMMIT/d"; echo 1 > "$PIPE_COMMIT/d/s"; mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/1"; echo x > m.txt
    outs: [m.txt]
    epochs: 3
`,
    });
    const run = await made.run();
    expect(run.items.train?.failure?.message).toMatch(
      /^ended after epoch 1 of 3: commit each epoch up to 3, or end a training early by `patience`/,
    );
  });
});

describe('the metrics of a diverged training', () => {
  const PYTHON = `import json, os
for epoch in range(int(os.environ["PIPE_EPOCH"]) + 1, int(os.environ["PIPE_EPOCHS"]) + 1):
    draft = os.path.join(os.environ["PIPE_COMMIT"], "draft")
    os.mkdir(draft)
    loss = [0.5, float("inf"), float("nan")][epoch - 1]
    with open(os.path.join(draft, "metrics.json"), "w") as file:
        json.dump({"loss": loss, "low": -loss, "note NaN": {"epoch": epoch}}, file)
    os.rename(draft, os.path.join(os.environ["PIPE_COMMIT"], str(epoch)))
open("model.txt", "w").write("of epoch " + os.environ["PIPE_EPOCHS"])
`;
  const PACKAGE_LOOP = `from pipe_run import epochs
run = epochs(lambda folder: None)
for epoch in run:
    loss = [0.5, float("inf"), float("nan")][epoch - 1]
    metrics = {"loss": loss, "low": -loss, "note NaN": {"epoch": int(epoch)}}
    epoch.commit(lambda folder: (folder / "state").write_text(""), **metrics)
open("model.txt", "w").write(f"of epoch {run.target}")
`;
  const TYPESCRIPT = `import { writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';
export default defineStage(async ({ epochs, outs }) => {
  for (const epoch of epochs.remaining()) {
    const loss = [0.5, Number.POSITIVE_INFINITY, Number.NaN][epoch - 1];
    const metrics = { loss, low: -loss, 'note NaN': { epoch } };
    await epochs.commit(epoch, (folder) => writeFileSync(folder + '/state', ''), metrics);
  }
  writeFileSync(outs.model, 'of epoch ' + epochs.target);
});
`;

  it.each([
    { client: 'json.dump', action: 'cmd: python3 train.py', files: { 'train.py': PYTHON } },
    { client: 'pipe_run', action: 'cmd: python3 train.py', files: { 'train.py': PACKAGE_LOOP } },
    { client: 'pipe-run/stage', action: 'run: train.ts', files: { 'train.ts': TYPESCRIPT } },
  ])('show as NaN, and such an epoch is never the best: $client', async ({ action, files }) => {
    const made = projectWithin({
      ...files,
      'pipeline.yaml': `
stages:
  train:
    ${action}
    outs: { model: model.txt }
    epochs: { max: 3, best: { metric: loss, mode: min } }
`,
    });
    Object.assign(made.env, pythonEnvironment());
    const { out, err, code } = await made.pipe('run');
    expect(code, out + err).toBe(0);
    const lines = out.replaceAll(/ in [\d.]+ s/g, '').split('\n');
    expect(lines).toContain('train: epoch 1/3, loss 0.5, low -0.5, note NaN.epoch 1');
    expect(lines).toContain('train: epoch 2/3, loss NaN, low NaN, note NaN.epoch 2');
    expect(lines).toContain('train: epoch 3/3, loss NaN, low NaN, note NaN.epoch 3');
    expect(out).not.toContain('JSON');
    expect(made.read('model.txt')).toBe('of epoch 1');
    const listed = await made.pipe('epochs', 'train', '--json');
    expect(JSON.parse(listed.out)[0].epochs.at(-1).metrics).toEqual({
      loss: null,
      low: null,
      'note NaN': { epoch: 3 },
    });
    expect((await made.pipe('epochs', 'train')).out).toContain('loss NaN, low NaN');
  });
});

it('ends the line of an epoch without numbers with its duration', async () => {
  const made = projectWithin({
    'pipeline.yaml': `
stages:
  t:
    cmd: mkdir "$PIPE_COMMIT/d"; echo '{}' > "$PIPE_COMMIT/d/metrics.json"; mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/1"; echo > t.txt
    outs: [t.txt]
    epochs: 1
`,
  });
  expect((await made.pipe('run')).out).toMatch(/^t: epoch 1\/1 in [\d.]+ s$/m);
});

describe('a stage that has committed more epochs than patience allows', () => {
  /** Patience ends after epoch 4, with epoch 2 as the best; epoch 5 would be better still. */
  const QUICK = `
stages:
  train:
    cmd: |
      [ -e step ] || trap '' TERM
      echo "$PIPE_EPOCH" >> started.txt
      epoch=$PIPE_EPOCH
      while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
        epoch=$((epoch + 1))
        mkdir "$PIPE_COMMIT/draft" && echo "$epoch" > "$PIPE_COMMIT/draft/value"
        score=$(echo 1 5 3 4 9 9 2 2 | cut -d ' ' -f "$epoch")
        echo "{\\"score\\": $score}" > "$PIPE_COMMIT/draft/metrics.json"
        mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$epoch"
        while [ -e step ] && [ -d "$PIPE_COMMIT/$epoch" ]; do sleep 0.02; done
      done
      echo "$epoch" > \${outs.model}
    outs: { model: model.txt }
    epochs: { max: 8, patience: 2, best: score }
    keep: { last: 1 }
`;

  it('gives the same outs and pipeline.lock as one that has not', async () => {
    const quick = projectWithin({ 'pipeline.yaml': QUICK });
    expect((await quick.run()).items.train).toMatchObject({ epochs: { computed: 8, reached: 2 } });
    expect(quick.read('model.txt')).toBe('2\n');
    const slow = projectWithin({ 'pipeline.yaml': QUICK, step: '' });
    await slow.run();
    expect(slow.read('model.txt')).toBe('2\n');
    expect(slow.read('pipeline.lock')).toBe(quick.read('pipeline.lock'));
  });

  it('keeps the state from which its outs are written', async () => {
    const quick = projectWithin({ 'pipeline.yaml': QUICK });
    await quick.run();
    expect(quick.lines('started.txt')).toEqual(['0', '2']);
  });
});

describe('a matrix with a number of epochs for each model', () => {
  const PIPELINE = `
params:
  epochs: { default: 2, vit: 3 }
stages:
  train:
    matrix: { model: [resnet, vit] }
    cmd: |
      echo "\${model} from $PIPE_EPOCH" >> started.txt
      for epoch in $(seq $((PIPE_EPOCH + 1)) "$PIPE_EPOCHS"); do
        mkdir "$PIPE_COMMIT/draft" && echo "$epoch" > "$PIPE_COMMIT/draft/value"
        mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$epoch"
      done
      echo "$PIPE_EPOCHS" > \${outs.model}
    params: [epochs]
    outs: { model: "\${model}.txt" }
    epochs: \${epochs}
`;

  it('continues one model and leaves the others fresh when its number grows', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    const first = await made.run('--concurrency', '1');
    expect(first.items['train@resnet']).toMatchObject({ epochs: { computed: 2 } });
    expect(first.items['train@vit']).toMatchObject({ epochs: { computed: 3 } });
    made.write('pipeline.yaml', PIPELINE.replace('vit: 3', 'vit: 5'));
    const second = await made.run();
    expect(second.items['train@resnet']).toMatchObject({ verdict: 'fresh' });
    expect(second.items['train@vit']).toMatchObject({ epochs: { computed: 2, reached: 5 } });
    expect(made.lines('started.txt')).toEqual(['resnet from 0', 'vit from 0', 'vit from 3']);
    const number = await made.run('--set', 'epochs=2');
    expect(number.items['train@resnet']).toMatchObject({ verdict: 'fresh' });
  });
});
