/** Numbers in a text: as they are written, while the value of the param is the number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemOf, planOf } from './rig.js';

const SAMPLE = `
params: { id: 007, py: 3.10, alpha: 1.0, rate: &rate 1e3, same: *rate, on: True, list: [1.0] }
profiles: { paper: { alpha: 2.50 } }
stages:
  s:
    cmd: "echo \${id} \${py} \${alpha} \${rate} \${same} \${on}"
    params: [id, py, alpha, list]
    outs: { o: "out/\${id}/\${alpha}" }
`;

describe('a number inserted into a text', () => {
  it('is as written in the file', () => {
    const item = itemOf(planOf(SAMPLE), 's');
    expect(item.action).toEqual({ kind: 'shell', command: 'echo 007 3.10 1.0 1e3 1e3 True' });
    expect(item.outs[0]?.path).toBe('out/007/1.0');
    expect(item.params).toEqual({ id: 7, py: 3.1, alpha: 1, list: [1] });
  });

  it('is as written in a profile or --set', () => {
    const paper = itemOf(planOf(SAMPLE, { profiles: ['paper'], set: ['id=002'] }), 's');
    expect(paper.action).toMatchObject({ command: 'echo 002 3.10 2.50 1e3 1e3 True' });
    expect(paper.params).toMatchObject({ id: 2, alpha: 2.5 });
  });

  it('is as written in a list of words', () => {
    const plan = planOf('params: { v: 3.10 }\nstages: { s: { cmd: [echo, "v${v}", "${v}"] } }');
    expect(itemOf(plan, 's').action).toEqual({ kind: 'argv', argv: ['echo', 'v3.10', '3.10'] });
  });

  it('is never changed, whatever its digits', () => {
    const digits = fc.stringMatching(/^[-+]?[0-9]{1,6}(\.[0-9]{1,6})?([eE][-+]?[0-9]{1,2})?$/);
    fc.assert(
      fc.property(digits, (text) => {
        const plan = planOf(`params: { v: ${text} }\nstages: { s: { cmd: [echo, "\${v}"] } }`);
        expect(itemOf(plan, 's').action).toEqual({ kind: 'argv', argv: ['echo', text] });
      }),
      { numRuns: 50 },
    );
  });
});
