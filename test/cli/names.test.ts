/** User names that mean something else: properties of every JavaScript object, options of programs. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const NAMES = [
  'toString',
  'constructor',
  'hasOwnProperty',
  'valueOf',
  'isPrototypeOf',
  'prototype',
];
const name = fc.constantFrom(...NAMES);
const places = ['stage', 'param', 'axis', 'env', 'secret', 'dep', 'out', 'metric', 'profile'];
const chosen = fc.tuple(...places.map(() => name));

it('names of object properties work in a run, a second one, and each read-only command (property)', async () => {
  await fc.assert(
    fc.asyncProperty(chosen, async (names) => {
      const [stage, param, axis, env, secret, dep, out, metric, profile] = names;
      const project = projectWithin({
        'in.txt': 'x',
        'pipeline.yaml': `
params: { ${param}: 1 }
profiles: { ${profile}: { ${param}: 2 } }
stages:
  ${stage}:
    matrix: { ${axis}: [${dep}, b] }
    params: ["${param}"]
    env: [${env}]
    secrets: [${secret === env ? 'OTHER' : secret}]
    cmd: echo '{"${metric}":1}' > \${outs.${metric}_}; cat \${deps.${dep}} > \${outs.${out}}
    deps: { ${dep}: in.txt }
    outs: { ${out}: "cache/out/\${${axis}}.txt" }
    metrics: { ${metric}_: "cache/out/\${${axis}}.json" }
`,
      });
      const first = await project.run();
      expect([first.code, first.with('ran').length, first.err]).toEqual([0, 2, '']);
      expect((await project.run()).with('fresh')).toHaveLength(2);
      expect((await project.run('--frozen')).code).toBe(0);
      project.write('in.txt', 'y');
      const why = await project.pipe('why', String(stage));
      expect(why.out).toContain('dep in.txt changed');
      const other = await project.run('--profile', String(profile), '--set', `${param}=3`);
      expect(other.with('ran')).toHaveLength(2);
      expect((await project.pipe('metrics', '--json')).out).toContain(`"${metric}": 1`);
    }),
    { numRuns: 4, examples: [[names('toString')], [names('constructor')]] },
  );
});

function names(each: string): string[] {
  return places.map(() => each);
}

it('a path that begins with "-" reaches a command as a path, not as an option (property)', async () => {
  const dashed = fc.stringMatching(/^-{1,2}[a-z '$]{0,5}$/);
  const three = fc.uniqueArray(dashed, { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(three, async ([dep, match, out]) => {
      const q = JSON.stringify;
      const project = projectWithin({
        [String(dep)]: 'dep ',
        [`${match}.txt`]: 'match ',
        'pipeline.yaml': `
stages:
  shell:
    cmd: cat \${deps.d} \${deps.all} > "\${outs.o}"; cat "\${deps.d}" >> \${outs.o}
    deps: { d: ${q(dep)}, all: "-*.txt" }
    outs: { o: ${q(`${out}1`)} }
  list:
    cmd: [cp, "\${deps.d}", "\${outs.o}"]
    deps: { d: ${q(`${out}1`)} }
    outs: { o: ${q(`${out}2`)} }
  words:
    cmd: [sort, "\${deps.all}", "\${deps.d}", -o, "\${outs.o}"]
    deps: { d: ${q(`${out}2`)}, all: "-*.txt" }
    outs: { o: ${q(`${out}3`)} }
`,
      });
      const { code, err } = await project.run();
      expect([code, err]).toEqual([0, '']);
      expect(project.read(`${out}3`)).toBe('dep match dep \nmatch \n');
    }),
    { numRuns: 3, examples: [[['-n', '--help', '-']]] },
  );
});

it.each([
  ['  a: { cmd: x, deps: [__proto__] }', 'the dep cannot be called "__proto__" (bad-name)'],
  ['  a: { cmd: x, outs: [__proto__] }', 'the out cannot be called "__proto__" (bad-name)'],
  ['  a: { cmd: x, env: [__proto__] }', 'got the text "__proto__" (bad-name)'],
  ['  a: { cmd: x, params: [__proto__] }', 'there is no param "__proto__" (unknown-param)'],
  ['  __proto__: { cmd: x }', 'a key cannot be "__proto__" (bad-key)'],
])('__proto__ is refused, because a plain object cannot contain it: %s', async (stage, message) => {
  const project = projectWithin({ 'pipeline.yaml': `stages:\n${stage}\n`, ['__proto__']: '' });
  const { code, err } = await project.pipe('run');
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});
