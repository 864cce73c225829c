/** Extreme values: commands too long for the system, and metrics that JSON cannot represent. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { describe, expect, it } from 'vitest';
import { BIN } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

describe('a long command', () => {
  it('of more than 128 KiB is executed like any other, and a failing line ends it', async () => {
    const long = `: ${'x'.repeat(200_000)}`;
    const cmd = `${long}\n      echo done > \${outs.o}`;
    const made = projectWithin({
      'pipeline.yaml': `stages:
  s:
    cmd: |
      ${cmd}
    outs: { o: o.txt }
  f:
    cmd: |
      ${long}
      false
      touch never
`,
    });
    expect((await made.pipe('run', '-k')).code).toBe(1);
    expect(made.lines('o.txt')).toEqual(['done']);
    expect(existsSync(made.path('never'))).toBe(false);
  });

  it('with one word that is too long is an error with a hint', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages: { s: { cmd: [echo, "${'x'.repeat(200_000)}"] } }\n`,
    });
    const { code, out, err } = await made.pipe('run');
    expect(code).toBe(1);
    expect(out + err).toContain(
      'the command is longer than the system allows: pass the list in a file',
    );
  });
});

describe('metrics that JSON cannot represent', () => {
  it.each([
    ['{"loss": 1e400, "acc": 1}', 'loss'],
    ['{"loss": NaN, "acc": 1}', 'loss'],
    ['{"loss": -Infinity, "acc": 1}', 'loss'],
    ['{"loss": null, "acc": 1}'],
    ['\uFEFF{"acc": 1}'],
    ['{"acc": 1, "a.b": 1, "a": {"b": 2}, "zero": -0}', 'a.b'],
    ['{"acc": 2, "acc": 1, "big": 12345678901234567890, "__proto__": 1}'],
    [
      `{"acc": 1, "deep": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
      `deep${'.a'.repeat(63)}`,
    ],
  ])(
    'leave a lock that pipe accepts, and a warning names them (%#)',
    async (text, lost?: string) => {
      const made = projectWithin({
        'pipeline.yaml':
          'stages: { m: { cmd: "cp m.json ${outs.m}", deps: [m.json], metrics: { m: cache/out/m.json } } }\n',
        'm.json': text,
      });
      const { code, events } = await made.run();
      expect(code).toBe(0);
      const why = 'not finite, a repeated name, or nested more than 64 levels deep';
      expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual(
        lost === undefined
          ? []
          : [`metrics cache/out/m.json: pipeline.lock does not contain ${lost}: ${why}`],
      );
      expect((await made.pipe('lock', '--check')).code).toBe(0);
      expect(made.read('pipeline.lock')).toContain('acc');
      expect(made.read('pipeline.lock').includes('__proto__')).toBe(text.includes('__proto__'));
    },
  );
});

describe('bytes that are not UTF-8', () => {
  /** Only a shell can start a process with such bytes: Node passes text. */
  const inShell = (cwd: string, line: string) =>
    spawnSync('/bin/sh', ['-c', line, process.execPath, BIN], { cwd, encoding: 'utf8' });
  const runWith = (cwd: string, value: string) =>
    inShell(cwd, `A=$(printf '${value}') "$0" "$1" run`);

  const reading = (key: string) => ({
    'pipeline.yaml': `stages: { s: { cmd: "printf %s \\"$A\\" > \${outs.o}; printf %s \\"$A\\"", ${key}: [A], outs: { o: o } } }\n`,
  });

  it.runIf(platform() === 'linux')('in a variable count and arrive unchanged', () => {
    const made = projectWithin(reading('env'));
    for (const [value, verdict, hex] of [
      [String.raw`\376 ü`, '1 ran', 'fe20c3bc'],
      [String.raw`\376 ü`, '1 fresh', 'fe20c3bc'],
      [String.raw`\377 ü`, '1 ran', 'ff20c3bc'],
      [String.raw`%%s\n\377\n$x`, '1 ran', '25730aff0a2478'],
      [String.raw`\376 ü`, '1 restored', 'fe20c3bc'],
    ] as const) {
      expect(runWith(made.root, value).stdout).toContain(verdict);
      expect(readFileSync(made.path('o')).toString('hex')).toBe(hex);
    }
  });

  it.runIf(platform() === 'linux')('in a variable reach a JavaScript stage unchanged', () => {
    const made = projectWithin({
      'pipeline.yaml': 'stages: { s: { run: s.mjs, env: [A], outs: { o: o } } }\n',
      's.mjs': `import { readFileSync, writeFileSync } from 'node:fs';

export default ({ outs }) => {
  const values = readFileSync('/proc/self/environ', 'latin1').split('\\0');
  writeFileSync(outs.o, values.find((each) => each.startsWith('A=')), 'latin1');
};
`,
    });
    expect(runWith(made.root, String.raw`\376 ü`).stdout).toContain('1 ran');
    expect(readFileSync(made.path('o')).toString('hex')).toBe('413dfe20c3bc');
  });

  it.runIf(platform() === 'linux')('in a secret are masked in the log', () => {
    const made = projectWithin(reading('secrets'));
    expect(runWith(made.root, String.raw`pass\376word`).status).toBe(0);
    expect(readFileSync(made.path('o')).toString('hex')).toBe('70617373fe776f7264');
    expect(inShell(made.root, '"$0" "$1" log s').stdout).toContain('***');
  });

  it.each(['env', 'secrets'])(
    'that the system does not report are refused, under %s',
    async (key) => {
      const made = projectWithin(reading(key));
      made.env.A = 'x\uFFFD';
      const { code, err } = await made.pipe('run');
      expect(code).toBe(2);
      expect(err).toContain(
        `the value of A, under ${key} of stage "s", is not valid UTF-8 (variable-not-utf8)`,
      );
    },
  );

  it('in an argument are refused', () => {
    const made = projectWithin({
      'pipeline.yaml': 'params: { a: 1 }\nstages: { s: { cmd: "true" } }\n',
    });
    const { status, stderr } = inShell(made.root, `"$0" "$1" run --set a=$(printf '\\377')`);
    expect([status, stderr]).toEqual([2, expect.stringContaining('argument-not-utf8')]);
  });
});

describe('metrics of epochs', () => {
  it('are recorded except for values that are not numbers, which one warning names', async () => {
    const text = String.raw`\357\273\277{"a": 1e400, "b": NaN, "a.b": 2, "c": {"d": 12345678901234567890}, "e": "x", "f": [1]}`;
    const made = projectWithin({
      'pipeline.yaml': `stages:
  t:
    cmd: |
      for e in 1 2 3; do
        mkdir $PIPE_COMMIT/d
        printf '${text}' > $PIPE_COMMIT/d/metrics.json
        mv $PIPE_COMMIT/d $PIPE_COMMIT/$e
        while [ -e $PIPE_COMMIT/$e ]; do sleep 0.01; done
      done
      echo > \${outs.o}
    epochs: 3
    outs: { o: o }
`,
    });
    const { code, events } = await made.run();
    expect(code).toBe(0);
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([
      'metrics.json of the commit of epoch 1 of t: e, f are not numbers: not recorded',
    ]);
    const { out } = await made.pipe('epochs', 't', '--json');
    expect(out).toContain('"a.b": 2');
    expect(out).toContain('"d": 12345678901234567000');
  });
});
