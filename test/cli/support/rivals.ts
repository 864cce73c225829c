/**
 * Concurrent runs of one project with different profiles, --force or another cache folder, some
 * killed, with gc in between: each that succeeds has the result of its own profile.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { Project, type Running } from '../../rig/project.js';
import { until } from '../../rig/until.js';

/** One of the runs. */
export interface Rival {
  readonly profile: 'a' | 'b';
  readonly force: boolean;
  /** True for a separate cache folder. */
  readonly own: boolean;
  /** Number of event lines after which it is killed; 0: never. */
  readonly killedAfter: number;
}

/** One item makes an input, one reads it for a while, epoch by epoch, and one reads both. */
const PIPELINE = `
params: { v: x }
profiles: { a: { v: A }, b: { v: B } }
stages:
  prep: { cmd: "printf %s \${v} > \${outs.o}", outs: { o: out/prep } }
  train: { cmd: "sh train.sh \${deps.x} \${outs.o}", deps: { x: out/prep }, outs: { o: out/train }, epochs: 4 }
  report: { cmd: "cat \${deps.x} \${deps.t} > \${outs.o}", deps: { x: out/prep, t: out/train }, outs: { o: out/report } }
`;

/** Checks that it is alone on its out: an execution that finds another live one logs a line. */
const TRAIN = `set -e
exec 9> busy
if ! flock -n 9; then echo two >> rivals; fi
e=$PIPE_EPOCH
s=
if [ "$e" -gt 0 ]; then s=$(cat "$PIPE_STATE/s"); fi
while [ "$e" -lt "$PIPE_EPOCHS" ]; do
  e=$((e+1))
  s="$s$(cat "$1")"
  mkdir "$PIPE_COMMIT/draft"; printf %s "$s" > "$PIPE_COMMIT/draft/s"; mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$e"
  while [ -e "$PIPE_COMMIT/$e" ]; do sleep 0.01; done
done
printf %s "$s" > "$2"
`;

export interface Contest {
  /** Exit codes of the runs that were not killed, with their output if not 0. */
  readonly failures: readonly string[];
  /** Lines that overlapping executions logged. */
  readonly overlaps: readonly string[];
  /** The report of each profile, read afterwards. */
  readonly reports: Readonly<Record<'a' | 'b', string>>;
}

export async function contest(rivals: readonly Rival[]): Promise<Contest> {
  const made = new Project({ 'pipeline.yaml': PIPELINE, 'train.sh': TRAIN });
  try {
    const runs = rivals.map((rival, number) => begin(made, rival, number));
    const gc = made.pipe('cache', 'gc', '--max-size', '0');
    const failures = await Promise.all(runs);
    await gc;
    const reports = { a: await reportOf(made, 'a'), b: await reportOf(made, 'b') };
    return {
      failures: failures.flatMap((each) => each ?? []),
      overlaps: made.lines('rivals'),
      reports,
    };
  } finally {
    made.dispose();
  }
}

async function begin(made: Project, rival: Rival, number: number): Promise<string | undefined> {
  const { profile, force, own, killedAfter } = rival;
  if (own) made.env.PIPE_CACHE = `caches/${number}`;
  else delete made.env.PIPE_CACHE;
  const run = made.start('run', '--json', '--profile', profile, ...(force ? ['--force'] : []));
  delete made.env.PIPE_CACHE;
  if (killedAfter > 0) await killAfter(run, killedAfter);
  const { code, signal, out, err } = await run.ended;
  return code === 0 || signal === 'SIGKILL'
    ? undefined
    : `${JSON.stringify(rival)}: exit ${code}\n${out}${err}`;
}

async function killAfter(run: Running, count: number): Promise<void> {
  let isOver = false;
  let seen = 0;
  void run.ended.then(() => {
    isOver = true;
  });
  void run
    .events((events) => {
      seen = events.length;
      return seen >= count;
    })
    .catch(() => {});
  await until(() => seen >= count || isOver);
  run.kill('SIGKILL');
}

async function reportOf(made: Project, profile: string): Promise<string> {
  const run = await made.run('--profile', profile);
  if (run.code !== 0) throw new Error(`${run.out}${run.err}`);
  return made.read('out/report');
}

const rival = fc.record({
  profile: fc.constantFrom('a' as const, 'b' as const),
  force: fc.boolean(),
  own: fc.boolean(),
  killedAfter: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 12 })),
});

/** Checks the property for this number of contests. */
export async function checkContests(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(rival, { minLength: 2, maxLength: 5 }), async (rivals) => {
      const { failures, overlaps, reports } = await contest(rivals);
      expect(failures).toEqual([]);
      expect(overlaps).toEqual([]);
      expect(reports).toEqual({ a: 'AAAAA', b: 'BBBBB' });
    }),
    { numRuns, endOnFailure: true },
  );
}
