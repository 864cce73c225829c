/** Display of `pipe status` and other read-only commands, on terminals and in pipes. */
import { describe, expect, it } from 'vitest';
import { project } from '../rig/projects.js';
import { HAS_TMUX, TestTerminal } from '../rig/terminal.js';

const PIPELINE = `
stages:
  done: { cmd: "echo x > d.txt", outs: [d.txt] }
  lost: { cmd: "cat nowhere.txt > l.txt", deps: [nowhere.txt], outs: [l.txt] }
`;

it.runIf(HAS_TMUX)('states have their colours, except with NO_COLOR and in a pipe', async () => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  await made.pipe('run', 'done');
  const screenOf = async (env: Record<string, string>) => {
    const terminal = new TestTerminal(made.root, { ...made.env, ...env }, ['status']);
    try {
      await terminal.line(/^lost/);
      return terminal.screen(true).join('\n');
    } finally {
      terminal.close();
    }
  };
  const colored = await screenOf({});
  expect(colored).toContain('\x1b[32mfresh');
  expect(colored).toContain('\x1b[31mmissing');
  expect(await screenOf({ NO_COLOR: '1' })).not.toContain('\x1b[3');
  expect((await made.pipe('status')).out).toBe(
    'done  fresh\nlost  missing     dep nowhere.txt is missing\n',
  );
});

it.each([
  ['in a pipe', { FORCE_COLOR: '1' }, true],
  ['against NO_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['in CI', { FORCE_COLOR: '1', CI: 'true' }, true],
  ['not when it is 0', { FORCE_COLOR: '0' }, false],
  ['not when it is empty', { FORCE_COLOR: '' }, false],
])('FORCE_COLOR colors status and graph %s', async (_, env, colored) => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  Object.assign(made.env, env);
  const [status, graph] = await Promise.all([made.pipe('status', 'lost'), made.pipe('graph')]);
  expect(status.out.includes('\x1b[31mmissing')).toBe(colored);
  expect(graph.out.includes('\x1b[31mmissing')).toBe(colored);
  expect((await made.pipe('status', '--json')).out).not.toContain('\x1b');
});

const WIDE = `
stages:
  prepare:
    desc: cuts the images into squares of 100 pixels and sorts them by size
    cmd: cp \${deps.raw} \${outs.images}
    deps: { raw: raw-images-of-all-cameras.txt }
    outs: { images: cache/out/images.txt }
  train:
    desc: one model for \${dataset}
    matrix: { dataset: [a-data-set-with-a-long-name, another-data-set-with-a-long-name] }
    cmd: sh train.sh \${dataset}
    deps: { data: cache/out/images.txt, script: train.sh }
    outs: { model: "cache/out/model-\${dataset}.txt" }
    metrics: [ "cache/out/metrics-\${dataset}.json" ]
    epochs: 2
`;

const TRAIN = `
metrics='{"validation": {"structural-similarity": 0.8125, "peak-noise-ratio": 31.5}, "loss": 0.25}'
epoch=$PIPE_EPOCH
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  mkdir -p "$PIPE_COMMIT/new"
  echo "$metrics" > "$PIPE_COMMIT/new/metrics.json"
  mv "$PIPE_COMMIT/new" "$PIPE_COMMIT/$epoch"
  while [ -e "$PIPE_COMMIT/$epoch" ]; do sleep 0.01; done
done
echo "$1" > "cache/out/model-$1.txt"
echo "$metrics" > "cache/out/metrics-$1.json"
`;

describe.runIf(HAS_TMUX)('on a terminal of 60 columns', () => {
  /** What a command prints there, and in a pipe. */
  const bothOf = async (made: ReturnType<typeof project>, args: readonly string[]) => {
    const terminal = new TestTerminal(made.root, made.env, args, { columns: 60, rows: 60 });
    try {
      const { out } = await made.pipe(...args);
      const whole = out.trimEnd().split('\n');
      const last = whole.at(-1)?.slice(0, 8) as string;
      const narrow = await terminal.until((lines) => lines.at(-1)?.startsWith(last) === true);
      return { whole, narrow };
    } finally {
      terminal.close();
    }
  };

  it('a table has one line for each row, and is whole in a pipe', async () => {
    const made = project({
      'pipeline.yaml': WIDE,
      'raw-images-of-all-cameras.txt': 'x',
      'train.sh': TRAIN,
    });
    expect((await made.pipe('run')).code).toBe(0);
    const commands = [['graph'], ['metrics'], ['epochs', 'train'], ['cache', 'stats'], ['status']];
    for (const args of commands) {
      const { whole, narrow } = await bothOf(made, args);
      const name = args.join(' ');
      expect(Math.max(...whole.map(({ length }) => length)), name).toBeGreaterThan(60);
      expect(whole.join('')).not.toContain('…');
      expect(narrow.join('')).toContain('…');
      // A line that is too long takes two lines of the screen.
      if (args[0] !== 'epochs') expect(narrow.length, name).toBe(whole.length);
    }
  });

  it('epochs prints a column for each metric, so that no figure is cut', async () => {
    const made = project({
      'pipeline.yaml':
        'stages: { train: { cmd: "mkdir -p cache/out; sh train.sh x", epochs: 1 } }\n',
      'train.sh': TRAIN,
    });
    expect((await made.pipe('run')).code).toBe(0);
    const options = { columns: 60, rows: 30 };
    const terminal = new TestTerminal(made.root, made.env, ['epochs', 'train'], options);
    try {
      const lines = await terminal.until((all) => all.join('').includes('outs: epoch 1'));
      for (const figure of [' 0.8125', ' 31.5', ' 0.25'])
        expect(lines.filter((line) => line.startsWith('  1 ')).join()).toContain(figure);
    } finally {
      terminal.close();
    }
  });

  it('results diff shows where two commands differ, and params fit', async () => {
    const made = project({
      'pipeline.yaml': `
params: { seeds: [1, 2], names: [${Array.from({ length: 20 }, (_, at) => `name-${at}`).join(', ')}] }
stages:
  a:
    matrix: { seed: "\${seeds}" }
    cmd: "echo a command that is so long that it does not fit; echo \${seed}; echo and more after it"
`,
    });
    expect((await made.pipe('run')).code).toBe(0);
    const linesOf = async (last: string, ...args: string[]) => {
      const terminal = new TestTerminal(made.root, made.env, args, { columns: 60, rows: 30 });
      try {
        return await terminal.until((all) => all.some((line) => line.startsWith(last)));
      } finally {
        terminal.close();
      }
    };
    const diff = await linesOf('seconds', 'results', 'diff', 'a@1', 'a@2');
    expect(diff.find((line) => line.startsWith('command'))).toMatch(/o 1;.*o 2;/);
    const params = await linesOf('names', 'params');
    expect(params.find((line) => line.startsWith('names'))).toMatch(/….* pipeline\.yaml:2$/);
  });

  it('status cuts names, omits descriptions without room for them, and shows the reason', async () => {
    const made = project({ 'pipeline.yaml': WIDE, 'train.sh': TRAIN });
    const { whole, narrow } = await bothOf(made, ['status']);
    expect(whole[0]).toBe(
      'prepare                                  missing     dep raw-images-of-all-cameras.txt is missing  # cuts the images into squares of 100 pixels and sorts them by size',
    );
    expect(narrow[0]).toBe('prepare                   missing     dep raw-ima…is missing');
  });
});

it('status and every form of the graph show the description of a stage', async () => {
  const made = project({
    'pipeline.yaml':
      'stages:\n  one: { desc: "counts words", cmd: "wc -w < a > o", deps: [a], outs: [o] }\n  two: { cmd: "cat o > p", deps: [o], outs: [p] }\n',
    a: 'x',
  });
  const outOf = async (...args: string[]) => (await made.pipe(...args)).out;
  expect(await outOf('status')).toMatch(
    /^one {2}stale {7}never ran {2}# counts words\ntwo {2}[^#]+$/,
  );
  expect(await outOf('graph')).toBe('○  one  stale       # counts words\n●  two  unknown\n');
  expect(await outOf('graph', '--mermaid')).toContain('["one<br/>counts words<br/>stale"]');
  expect(await outOf('graph', '--dot')).toContain('label="one\\ncounts words\\nstale"');
  for (const command of ['status', 'graph'])
    expect(JSON.parse(await outOf(command, '--json'))[0].desc).toBe('counts words');
});

it.each([
  ['status', 'there are no stages: write one under `stages:`\n'],
  ['graph', 'there are no stages: write one under `stages:`\n'],
  ['params', 'there are no params: write them under `params:`\n'],
])('%s of an empty pipeline says what is missing', async (command, said) => {
  const made = project({ 'pipeline.yaml': 'stages: {}\n' });
  expect(await made.pipe(command)).toMatchObject({ code: 0, out: said, err: '' });
  expect(JSON.parse((await made.pipe(command, '--json')).out)).toEqual([]);
  const { code, err } = await made.pipe('status', 'train');
  expect([code, err]).toEqual([2, expect.stringContaining('the pipeline has no stages')]);
});
