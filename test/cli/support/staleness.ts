/** The property: after any edits, a run executes what the oracle predicts, as a build from scratch would. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Verdict } from '../../../src/event.js';
import { Project, type RunOutcome } from '../../rig/project.js';
import { runUntilStill } from '../../rig/still.js';
import { standingIn } from '../../rig/within.js';
import { CELLS, CHANGE_COUNT, change, depOf, type Edit, normalised, SOURCES } from './edits.js';
import { closure, type Expected, evaluate, verdicts } from './oracle.js';
import { DISTURBANCES, type Disturbance, Playground } from './playground.js';
import { plainFile, signature } from './tool.js';
import type { StageSpec, World } from './world.js';

/** Some edits, and a run. */
interface Step {
  readonly edits: readonly Edit[];
  /** Items to run, by number; empty: all. */
  readonly targets: readonly number[];
  readonly force: boolean;
  /** Preceded by a run that stops at the first failure. */
  readonly stopFirst: boolean;
  /** Preceded by `pipe status`. */
  readonly ask: boolean;
}

const UNDO = CHANGE_COUNT + DISTURBANCES.length;

const number = fc.nat(2 ** 20);
const edit: fc.Arbitrary<Edit> = fc.record({ kind: fc.nat(UNDO), a: number, b: number });

const step: fc.Arbitrary<Step> = fc.record({
  edits: fc.array(edit, { minLength: 0, maxLength: 3 }),
  targets: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(number, { maxLength: 3 })),
  force: fc.integer({ min: 0, max: 9 }).map((value) => value === 9),
  stopFirst: fc.integer({ min: 0, max: 4 }).map((value) => value === 4),
  ask: fc.integer({ min: 0, max: 3 }).map((value) => value === 3),
});

const stageNumbers = fc.record({
  matrix: fc.boolean(),
  modulus: fc.constantFrom(1, 2, 3, 997),
  fails: fc.integer({ min: 0, max: 5 }).map((value) => value === 5),
  kind: fc.constantFrom('file' as const, 'folder' as const),
  place: fc.constantFrom('cache' as const, 'cache' as const, 'mixed' as const),
  shell: fc.boolean(),
  params: fc.subarray(['p0', 'p1', 'p2']),
  deps: fc.array(number, { maxLength: 3 }),
});

const world: fc.Arbitrary<World> = fc
  .record({
    stages: fc.array(stageNumbers, { minLength: 2, maxLength: 6 }),
    cells: fc.subarray(CELLS, { minLength: 1 }),
  })
  .map(({ stages, cells }) => {
    const made: StageSpec[] = [];
    for (const [at, { deps, ...stage }] of stages.entries()) {
      made.push({
        ...stage,
        name: `s${at}`,
        version: 0,
        deps: deps.map((dep) => depOf(dep, made)),
      });
    }
    return normalised({
      params: { p0: 0, p1: 0, p2: 0 },
      cells,
      stages: made,
      files: new Map(SOURCES.map((name, at) => [name, plainFile(`${at}\n`)])),
      layout: { comment: 0, reversed: false },
    });
  });

/**
 * Checks the property for `runs` random pipelines with up to `steps` steps each. Returns how often a
 * no-op answer was cached, and how often it was still valid after further edits. The runs use this
 * kind of project; the final comparison uses processes.
 */
export async function checkStaleness(
  runs: number,
  steps: number,
  { seed, Kind = Project }: { seed?: number; Kind?: typeof Project } = {},
): Promise<{ kept: number; stood: number }> {
  const answers = { kept: 0, stood: 0 };
  const steplist = fc.array(step, { minLength: Math.ceil(steps / 2), maxLength: steps });
  const property = fc.asyncProperty(world, steplist, async (start, list) => {
    const session = new Session(start, Kind);
    try {
      await session.step({ edits: [], targets: [], force: false, stopFirst: false, ask: false });
      for (const each of list) await session.step(each);
      await session.compareWithScratch();
    } finally {
      answers.kept += session.kept;
      answers.stood += session.stood;
      session.dispose();
    }
  });
  await fc.assert(property, {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed }),
    interruptAfterTimeLimit: 3_600_000,
  });
  return answers;
}

class Session {
  readonly #ground: Playground;
  readonly #past: World[] = [];
  #world: World;
  /** The inputs of all results so far. */
  #known = new Set<string>();
  /** Items whose last execution failed: the files at their outs may be their own. */
  readonly #failed = new Set<string>();
  /** How often an answer was cached, and how often it was valid after the edits of the next step. */
  kept = 0;
  stood = 0;

  constructor(start: World, Kind: typeof Project) {
    this.#ground = new Playground(Kind);
    this.#world = start;
  }

  async step({ edits, targets, force, stopFirst, ask }: Step): Promise<void> {
    this.#ground.lay(this.#world);
    for (const each of edits) this.#apply(each);
    this.#past.push(this.#world);
    const all = evaluate(this.#world, this.#ground.leftovers(this.#world));
    const ids = [...all.keys()];
    const named = [...new Set(targets.flatMap((at) => ids[at % ids.length] ?? []))];
    if (ids.length === 0) return;
    this.#checkStanding(all);
    if (ask) await this.#ask(all);
    if (stopFirst) await this.#runUntilFailure(all, named);
    await this.#runAll(all, named, force);
    if (this.#mayStand(all) && (await runUntilStill(this.#ground.project))) this.kept++;
    this.#ground.takeRan();
  }

  /** Nothing is missing and nothing failed, so a run of all items may be a no-op. */
  #mayStand(all: ReadonlyMap<string, Expected>): boolean {
    const onDisk = (path: string) => this.#ground.onDisk(path);
    const wanted = verdicts(all, closure(all, []), this.#known, false, onDisk);
    return [...wanted.values()].every((verdict) => verdict === 'fresh');
  }

  /** A cached no-op answer is valid only while that is true. */
  #checkStanding(all: ReadonlyMap<string, Expected>): void {
    if (standingIn(this.#ground.project) === undefined) return;
    const onDisk = (path: string) => this.#ground.onDisk(path);
    const wanted = verdicts(all, closure(all, []), this.#known, false, onDisk);
    expect([...new Set(wanted.values())], this.#story()).toEqual(['fresh']);
    this.stood++;
  }

  /** Compares everything on disk with the result of a run in an empty folder. */
  async compareWithScratch(): Promise<void> {
    const scratch = this.#ground.copyOf(this.#world);
    try {
      for (const { path } of evaluate(this.#world, new Map()).values())
        if (this.#ground.isLink(path)) this.#ground.project.remove(path);
      const [here, there] = [this.#ground, scratch].map(({ project }) => project.run('-k'));
      const [run, fresh] = [await here, await there] as [RunOutcome, RunOutcome];
      expect(run.code).toBe(fresh.code);
      const all = evaluate(this.#world, this.#ground.leftovers(this.#world));
      for (const [id, { path }] of all) {
        if (fresh.items[id]?.verdict !== 'ran') continue;
        expect([id, this.#ground.onDisk(path)]).toEqual([id, scratch.onDisk(path)]);
      }
    } finally {
      scratch.dispose();
    }
  }

  dispose(): void {
    this.#ground.dispose();
  }

  #apply(each: Edit): void {
    if (each.kind === UNDO) this.#world = this.#past[each.a % this.#past.length] ?? this.#world;
    else if (each.kind < CHANGE_COUNT) this.#world = change(this.#world, each);
    else this.#disturb(DISTURBANCES[each.kind - CHANGE_COUNT] as Disturbance, each.a);
    this.#ground.lay(this.#world);
  }

  #disturb(kind: Disturbance, a: number): void {
    this.#ground.disturb(this.#world, kind, a);
    if (kind === 'delete the cache') this.#known = new Set();
  }

  async #runAll(
    all: ReadonlyMap<string, Expected>,
    named: readonly string[],
    force: boolean,
  ): Promise<void> {
    const selected = closure(all, named);
    const missing = [...selected].flatMap((id) => all.get(id)?.missing ?? []);
    const onDisk = (path: string) => this.#ground.onDisk(path);
    const wanted = verdicts(all, selected, this.#known, force, onDisk);
    const flags = ['-k', ...(force ? ['--force'] : []), ...named];
    let run = await this.#ground.project.run(...flags);
    if (this.#followHint(all, wanted, run)) run = await this.#ground.project.run(...flags);
    const ran = this.#ground.takeRan();
    if (missing.length > 0) {
      expect([run.code, ran], run.err + run.out).toEqual([2, []]);
      return;
    }
    const found = Object.values(run.items).map(({ item, verdict }) => [item, verdict] as const);
    const story = `${this.#story()}\n${run.out}${run.err}`;
    expect(new Map(found.toSorted(byItem)), story).toEqual(new Map([...wanted].toSorted(byItem)));
    const executed = [...wanted].filter(([, verdict]) => verdict === 'ran' || verdict === 'failed');
    expect(ran, story).toEqual(executed.map(([id]) => id).toSorted());
    expect(run.code, story).toBe([...wanted.values()].includes('failed') ? 1 : 0);
    this.#learn(all, run);
    for (const id of selected) {
      const { out, path } = all.get(id) as Expected;
      if (out !== undefined) expect([id, onDisk(path)], story).toEqual([id, signature(out)]);
    }
  }

  /**
   * A run fails before anything runs if a user's link is at an out that it would write. Checks that
   * it names exactly these links, and removes them, as its hint says.
   */
  #followHint(
    all: ReadonlyMap<string, Expected>,
    wanted: ReadonlyMap<string, Verdict>,
    { code, err }: RunOutcome,
  ): boolean {
    const linked = [...wanted.keys()].flatMap((id) => {
      const { path } = all.get(id) as Expected;
      return this.#ground.isLink(path) && !this.#failed.has(id) ? [path] : [];
    });
    const named = [...err.matchAll(/the out (\S+) of \S+ is a symbolic link .*\(out-is-link\)/g)];
    const isRefused = code === 2 && named.length > 0;
    if (isRefused || [...all.values()].every(({ missing }) => missing.length === 0))
      expect(named.map(([, out]) => out).toSorted(), this.#story() + err).toEqual(
        linked.toSorted(),
      );
    if (isRefused) for (const out of linked) this.#ground.project.remove(out);
    return isRefused;
  }

  /** What runs depends on the order, but nothing runs without need. */
  async #runUntilFailure(all: ReadonlyMap<string, Expected>, named: readonly string[]) {
    const selected = closure(all, named);
    if ([...selected].some((id) => all.get(id)?.missing.length !== 0)) return;
    const onDisk = (path: string) => this.#ground.onDisk(path);
    const wanted = verdicts(all, selected, this.#known, false, onDisk);
    const run = await this.#ground.project.run(...named);
    for (const { item, verdict } of Object.values(run.items)) {
      if (verdict !== 'cancelled' && verdict !== 'blocked')
        expect([item, verdict], this.#story()).toEqual([item, wanted.get(item)]);
    }
    this.#learn(all, run);
    this.#ground.takeRan();
  }

  /** `pipe status` predicts what a run does. */
  async #ask(all: ReadonlyMap<string, Expected>): Promise<void> {
    const onDisk = (path: string) => this.#ground.onDisk(path);
    const wanted = verdicts(all, closure(all, []), this.#known, false, onDisk);
    const { out, err } = await this.#ground.project.pipe('status', '--json');
    const standings = JSON.parse(out) as { item: string; state: string; reasons: unknown[] }[];
    const isMissing = [...all.values()].some(({ missing }) => missing.length > 0);
    expect(standings.map(({ item }) => item).toSorted(), err).toEqual([...all.keys()].toSorted());
    for (const { item, state, reasons } of standings) {
      const verdict = wanted.get(item);
      const says = `${this.#story()}\n${item} is said to be ${state}, and would be ${verdict}`;
      if (state === 'fresh') expect(verdict, says).toBe('fresh');
      if (state === 'restorable') expect(verdict, says).toBe('restored');
      if (state === 'stale') expect(verdict, says).toMatch(/ran|failed/);
      if (state === 'missing') expect(all.get(item)?.missing, says).not.toEqual([]);
      if (state === 'unknown' && !isMissing) expect(all.get(item)?.needs, says).not.toEqual([]);
      expect(reasons.length > 0, says).toBe(state !== 'fresh');
    }
  }

  #learn(all: ReadonlyMap<string, Expected>, run: RunOutcome): void {
    for (const id of [...run.with('ran'), ...run.with('restored')])
      this.#ground.noteWritten(all.get(id)?.path ?? '');
    for (const id of run.with('failed')) this.#failed.add(id);
    for (const id of run.with('ran')) {
      this.#failed.delete(id);
      const inputs = all.get(id)?.inputs;
      if (inputs !== undefined) this.#known.add(inputs);
    }
  }

  #story(): string {
    return `${this.#ground.project.root}\n${this.#ground.project.read('pipeline.yaml')}`;
  }
}

function byItem([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
