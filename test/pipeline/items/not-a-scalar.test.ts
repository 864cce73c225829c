/** Values without a text form, used in a command or a path. */
import { describe, expect, it } from 'vitest';
import { mistakesOf, type Variant } from '../rig.js';

const mistake = (cmd: string, variant?: Variant) =>
  mistakesOf(
    `params: { m: { k: 1 }, l: [1], n: null, w: x }\nstages:\n  a:\n    cmd: ${cmd}\n`,
    variant,
  );

const CURE = (name: string) =>
  `list it under params: [${name}] of the stage, and read it from the JSON file that PIPE_CONTEXT names`;

describe('a value without a text form in a command', () => {
  it('is shown in its line of the command, with a hint', () => {
    expect(mistake('|\n      true\n      python3 a.py --conf ${m} ${w}')).toBe(
      `pipeline.yaml:6:27: error: \${m} is a map: only a text, a number, true or false can be inserted here (not-a-scalar)
          python3 a.py --conf \${m} \${w}
                              ~~~~
  ${CURE('m')}`,
    );
  });

  it('is also an error in a list of words, in quotes and within a word', () => {
    expect(mistake('[python3, "a.py", "--n=${n}"]')).toBe(
      `pipeline.yaml:4:33: error: \${n} is empty: only a text, a number, true or false can be inserted here (not-a-scalar)
        cmd: [python3, "a.py", "--n=\${n}"]
                                    ~~~~
  ${CURE('n')}`,
    );
    expect(mistake('echo "${l}"')).toContain(`pipeline.yaml:4:16: error: \${l} is a list`);
  });

  it('is reported with the --set that gave it', () => {
    expect(mistake('echo ${w}', { set: ['w=[1, 2]'] })).toContain(
      'error: ${w} is a list, set by --set w=[1, 2]: only a text',
    );
  });
});

it('a value without a text form in a path gets no hint about PIPE_CONTEXT', () => {
  const text = 'params: { l: [1] }\nstages: { a: { cmd: "true", deps: ["${l}.txt"] } }\n';
  expect(mistakesOf(text)).not.toContain('PIPE_CONTEXT');
});
