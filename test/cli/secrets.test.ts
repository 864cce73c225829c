/** Secrets and control sequences of a stage, in every output that its text reaches. */
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { ProjectWithin } from '../rig/within.js';

let made: Project;
afterEach(() => made.dispose());

/**
 * Each stage leaks the secret in another way: its output, the unit of its progress, the name of a
 * metric, of an epoch's metric, of a file that cannot be stored, the text of a missing out, a param.
 */
const PIPELINE = (param: string) => `
params: { text: ${JSON.stringify(param)} }
stages:
  prints: { cmd: 'printf %s "$LEAK"; printf %s "$LEAK" >&2; exit 1', secrets: [TOKEN], env: [LEAK] }
  counts: { cmd: 'printf "1 2 %s\\n" "$LEAK" >> $PIPE_PROGRESS; printf %s "$TOKEN" > \${outs.o}', secrets: [TOKEN], env: [LEAK], outs: { o: o } }
  measures: { cmd: 'printf "{\\"%s\\": 1}" "$TOKEN" > \${outs.m}', secrets: [TOKEN], metrics: { m: m.json } }
  trains:
    cmd: 'mkdir $PIPE_COMMIT/tmp; printf "{\\"%s\\": 1}" "$TOKEN" > $PIPE_COMMIT/tmp/metrics.json; mv $PIPE_COMMIT/tmp $PIPE_COMMIT/1; while [ -e $PIPE_COMMIT/1 ]; do sleep 0.01; done; echo > \${outs.o}'
    epochs: 1
    secrets: [TOKEN]
    outs: { o: t }
  keeps: { cmd: 'mkdir \${outs.o}; mkfifo "\${outs.o}/$TOKEN"', secrets: [TOKEN], outs: { o: k } }
  says: { cmd: 'echo \${text}; exit 3', params: [text] }
  differs: { cmd: 'printf "{\\"a\\": \\"%s\\"}" "$(cat \${deps.o})$(date +%N)" > \${outs.d}', deps: { o: o }, outs: { d: d.json } }
`;

const COMMANDS = [
  ['run', '-k'],
  ['run', '-k', '--json'],
  ['status'],
  ['why', '*'],
  ['metrics'],
  ['epochs', '--json', 'trains'],
  ['log', 'prints'],
  ['verify', 'differs', 'measures'],
  ['verify', '--json', 'differs', 'measures', '--report', 'report.md'],
  ['cache', 'verify', '--json'],
];

/** A file name cannot contain a slash, a metric name no quote. */
const secret = fc
  .string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789!#+,-.:;=@_~&<>() '),
    minLength: 8,
    maxLength: 24,
  })
  .map((text) => `S${text.trim()}`)
  .filter((text) => text.length >= 8);

const sequence = fc.constantFrom('', '\x1b[31m', '\x1b[0m', '\x1b(B');

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

it('no command outputs a secret or a control sequence (property)', async () => {
  await fc.assert(
    fc.asyncProperty(secret, sequence, fc.nat(), async (token, colour, at) => {
      made = new ProjectWithin({ 'pipeline.yaml': PIPELINE(token) });
      try {
        const cut = at % token.length;
        const leak = `${token.slice(0, cut)}${colour}${token.slice(cut)}\x1b]52;c;eA==\x07\u202e\u009b1m`;
        Object.assign(made.env, { TOKEN: token, LEAK: leak });
        for (const args of COMMANDS) {
          const { out, err } = await made.pipe(...args);
          const said = `${out}${err}`;
          expect({ args, said, leaks: said.includes(token) }).toEqual({ args, said, leaks: false });
          if (args[0] !== 'log') expect(said).not.toMatch(OBEYED);
        }
        expect(made.read('report.md')).not.toContain(token);
        expect(made.read('o')).toBe(token);
      } finally {
        made.dispose();
      }
    }),
    { numRuns: 2 },
  );
});

it('a stage receives no secret that it does not name', async () => {
  made = new ProjectWithin({
    'pipeline.yaml': `
stages:
  first: { cmd: 'env > \${outs.o}', secrets: [A], outs: { o: first } }
  second: { cmd: 'env > \${outs.o}', secrets: [B], outs: { o: second } }
  none: { cmd: 'env > \${outs.o}', outs: { o: none } }
`,
  });
  Object.assign(made.env, { A: 'alpha-alpha', B: 'beta-beta', C: 'plain' });
  await made.pipe('run');
  const given = (name: string) =>
    made
      .read(name)
      .match(/^[ABC]=.*$/gm)
      ?.sort();
  expect(given('first')).toEqual(['A=alpha-alpha', 'C=plain']);
  expect(given('second')).toEqual(['B=beta-beta', 'C=plain']);
  expect(given('none')).toEqual(['C=plain']);
});
