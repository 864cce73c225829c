/** The live view on a real terminal: what the screen shows while stages run, and what stays. */
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { Project } from '../../../rig/project.js';
import { HAS_TMUX, TestTerminal } from '../../../rig/terminal.js';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

function project(files: Record<string, string>): Project {
  const made = new Project(files);
  open.push({ close: () => made.dispose() });
  return made;
}

function terminal(
  made: Project,
  args: string[],
  size?: { columns: number; rows: number },
  env = {},
) {
  const opened = new TestTerminal(made.root, { ...made.env, ...env }, args, size);
  open.push(opened);
  return opened;
}

/** A stage that reports some progress and ends when the test writes to its fifo. */
const HELD = {
  'held.sh': `mkfifo "$1.fifo"; echo "1 4 images" >> "$PIPE_PROGRESS"; echo said "$1"; cat "$1.fifo" > /dev/null\n`,
};

const go = (made: Project, name: string) => writeFileSync(made.path(`${name}.fifo`), 'go\n');

const TWO = `stages:
  first: { cmd: "sh held.sh first && echo 1 > \${outs.o}", outs: { o: cache/out/1 } }
  second: { cmd: "cat \${deps.i} > \${outs.o}", deps: { i: cache/out/1 }, outs: { o: cache/out/2 } }
`;

const noFrame = (lines: readonly string[]) => !lines.some((line) => /^[●○]/.test(line));

describe.runIf(HAS_TMUX)('on a terminal', () => {
  test('running items are shown with their progress, and only ended items stay on the screen', async () => {
    const made = project({ ...HELD, 'pipeline.yaml': TWO });
    const screen = terminal(made, ['run']);
    expect(await screen.line(/^● first/)).toMatch(
      /^● first {2}\d+ s {2}(never ran|1\/4 images 25%)$/,
    );
    expect(await screen.line(/25%/)).toMatch(/^● first {2}\d+ s {2}1\/4 images 25%$/);
    expect(screen.screen().at(-1)).toMatch(/^\d+ s: 1 running, 1 to come \(second\)$/);
    // The times advance while nothing happens. A busy machine may draw them at any second.
    await screen.line(/^● first {2}(?![01] )\d+ s/);
    go(made, 'first');
    const end = await screen.until((lines) => lines.some((line) => line.startsWith('pipe: ')));
    expect(noFrame(end)).toBe(true);
    expect(end.map((line) => line.replace(/\d+\.\d s/, 'T'))).toEqual([
      'first: ran in T',
      'second: ran in T',
      'pipe: 2 ran, 0 restored, 0 fresh',
    ]);
  });

  test('a failure is reported in full and stays above the running items', async () => {
    const made = project({
      ...HELD,
      'pipeline.yaml': `stages:
  bad: { cmd: "echo no such image; exit 3", outs: { o: cache/out/b } }
  good: { cmd: "sh held.sh good && echo 1 > \${outs.o}", outs: { o: cache/out/g } }
`,
    });
    const screen = terminal(made, ['run', '--concurrency', '2']);
    const lines = await screen.until((all) => all.some((line) => /1 failed$/.test(line)));
    expect(lines[0]).toBe('bad: failed: exit code 3');
    expect(lines).toContain('  | no such image');
    expect(lines.at(-2)).toMatch(/^● good/);
    expect(lines.at(-1)).toMatch(/^\d+ s: 1 running, 1 failed$/);
    go(made, 'good');
    await screen.line(/^pipe: 1 ran, 0 restored, 0 fresh, 1 failed$/);
  });

  test('a terminal that becomes narrower, wider and lower shows the view once, within its size', async () => {
    const made = project({ ...HELD, 'pipeline.yaml': TWO });
    const screen = terminal(made, ['run'], { columns: 100, rows: 20 });
    await screen.line(/25%/);
    const whole = /^● first {2}\d+ s {2}1\/4 images 25%$/;
    const sizes = [
      [60, 20, whole],
      [40, 6, whole],
      [120, 30, whole],
      // Now the lines wrap, and the terminal moves the view before it can be drawn again.
      [22, 6, /^● first {2}\d+ s {2}1\/4 i\w*…$/],
    ] as const;
    for (const [columns, rows, line] of sizes) {
      screen.resize(columns, rows);
      const lines = await screen.until((all) => all.some((each) => line.test(each)));
      expect(lines.filter((each) => each.startsWith('●'))).toHaveLength(1);
      expect(lines.filter((each) => / s: 1 /.test(each))).toEqual([lines.at(-1)]);
      expect(lines.length).toBeLessThan(rows);
    }
    go(made, 'first');
    await screen.line(/^pipe: 2 ran/);
  });

  test('200 items take a few lines', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
    const made = project({
      ...HELD,
      'pipeline.yaml': `stages:
  work:
    matrix: { n: [${names.join(', ')}] }
    cmd: "sh held.sh \${n} && echo \${n} > \${outs.o}"
    outs: { o: "cache/out/\${n}" }
`,
    });
    const screen = terminal(made, ['run', '--concurrency', '3'], { columns: 60, rows: 12 });
    const lines = await screen.until((all) => all.filter((line) => /25%/.test(line)).length === 3);
    expect(lines.map((line) => line.replace(/\d+ s/, 'T'))).toEqual([
      '● work@n0  T  1/4 images 25%',
      '● work@n1  T  1/4 images 25%',
      '● work@n2  T  1/4 images 25%',
      expect.stringMatching(/^T: 3 running, 197 to come \(work 197\)$/),
    ]);
    screen.press('C-c');
    await screen.line(/^pipe: 0 ran, 0 restored, 0 fresh, 200 cancelled$/);
  });

  test('a run with nothing to do shows no view at all', async () => {
    const made = project({
      'pipeline.yaml': 'stages: { a: { cmd: "echo 1 > ${outs.o}", outs: { o: cache/out/a } } }\n',
    });
    await made.pipe('run');
    const screen = terminal(made, ['run']);
    expect(await screen.until((lines) => lines[0] !== '')).toEqual([
      'pipe: 0 ran, 0 restored, 1 fresh',
    ]);
  });
});

describe.runIf(HAS_TMUX)('colours', () => {
  test.each([
    ['are there', {}, true],
    ['are not with NO_COLOR', { NO_COLOR: '1' }, false],
  ])('%s', async (_, env, colored) => {
    const made = project({ ...HELD, 'pipeline.yaml': TWO });
    const screen = terminal(made, ['run'], undefined, env);
    await screen.line(/25%/);
    expect(screen.screen(true).join('\n').includes('\x1b[36m')).toBe(colored);
    go(made, 'first');
    await screen.line(/^pipe: 2 ran/);
  });
});

describe.runIf(HAS_TMUX)('plain lines, whole and with names, come', () => {
  test.each([
    ['in CI', { CI: 'true' }],
    ['on a terminal that cannot move its cursor', { TERM: 'dumb' }],
  ])('%s', async (_, env) => {
    const made = project({ ...HELD, 'pipeline.yaml': TWO });
    const screen = terminal(made, ['run'], undefined, env);
    await screen.line(/^first: running/);
    expect(noFrame(screen.screen())).toBe(true);
    go(made, 'first');
    await screen.line(/^pipe: 2 ran/);
  });
});
