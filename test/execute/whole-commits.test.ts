/**
 * Whatever a stage does with its commit folder, each recorded epoch is as intended, or is computed
 * again.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BuildContext, handleOf } from '../../src/decide/build-context.js';
import { EpochRun } from '../../src/execute/epoch-run.js';
import { ALONE } from '../../src/execute/hold.js';
import type { InputSnapshot } from '../../src/execute/input-snapshot.js';
import { chainManifest, keyOf, type Manifest } from '../../src/manifest.js';
import type { Item } from '../../src/pipeline/plan.js';
import { filesBelow, TestProject } from '../cache/project.js';

const TARGET = 3;

const MANIFEST: Manifest = {
  format: 1,
  code: { kind: 'command', item: 'train', matrix: {}, command: 'train', scripts: {} },
  params: {},
  env: {},
  deps: {},
  outs: ['model'],
};

const ITEM = { id: 'train', epochs: { target: TARGET } } as unknown as Item;

/** The intended content of epoch `epoch`. */
function meant(epoch: number): Record<string, string> {
  return { a: `a ${epoch}`, 'metrics.json': `{"epoch":${epoch}}`, 'sub/b': 'b'.repeat(epoch) };
}

/** One step of a stage at a time; between two steps the run gets a turn, or time passes. */
type Steps = Generator<void, void, void>;

interface Place {
  readonly commit: string;
  /** Elsewhere on the same file system. */
  readonly aside: string;
}

function* fill(folder: string, epoch: number): Steps {
  mkdirSync(folder);
  yield;
  for (const [name, text] of Object.entries(meant(epoch))) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
    yield;
  }
}

const WAYS = {
  *rename({ commit }: Place, epoch: number): Steps {
    yield* fill(path.join(commit, 'draft'), epoch);
    renameSync(path.join(commit, 'draft'), path.join(commit, String(epoch)));
  },
  *'rename from elsewhere'({ commit, aside }: Place, epoch: number): Steps {
    yield* fill(path.join(aside, 'draft'), epoch);
    renameSync(path.join(aside, 'draft'), path.join(commit, String(epoch)));
  },
  *'make in place'({ commit }: Place, epoch: number): Steps {
    yield* fill(path.join(commit, String(epoch)), epoch);
  },
  /** As mv does from another file system: it sets the times of the source last. */
  *move({ commit, aside }: Place, epoch: number): Steps {
    const source = path.join(aside, 'source');
    for (const _ of fill(source, epoch));
    const folder = path.join(commit, String(epoch));
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    yield;
    for (const name of Object.keys(meant(epoch))) {
      const { atime, mtime } = statSync(path.join(source, name));
      copyFileSync(path.join(source, name), path.join(folder, name));
      yield;
      utimesSync(path.join(folder, name), atime, mtime);
    }
    const { atime, mtime } = statSync(source);
    utimesSync(folder, atime, mtime);
    yield;
    rmSync(source, { recursive: true });
  },
  *'make empty'({ commit }: Place, epoch: number): Steps {
    mkdirSync(path.join(commit, String(epoch)));
    yield;
  },
};

type Way = keyof typeof WAYS;

const isRight = (way: Way) => way === 'rename' || way === 'rename from elsewhere';

interface Run {
  readonly ways: readonly Way[];
  /**
   * What happens after each step: nothing, some turns of the event loop, or a tick of the clock.
   */
  readonly pauses: readonly ('none' | 'turns' | 'tick')[];
  /** The run is dead: no process watches. */
  readonly isOrphan: boolean;
  /** The stage is killed after this number of steps. */
  readonly killedAfter: number | undefined;
}

const NONE = { paths: [], columns: [] };

/** The item reads nothing. */
const NO_INPUTS = {
  lists: { own: NONE, behind: NONE, above: NONE },
  moved: async () => undefined,
} as unknown as InputSnapshot;

class Training {
  readonly #project = new TestProject();
  readonly #place: Place;

  constructor() {
    const aside = mkdtempSync(path.join(this.#project.root, 'aside-'));
    this.#place = { commit: '', aside };
  }

  /** True if all epochs exist. */
  async run({
    ways,
    pauses,
    isOrphan,
    killedAfter = Number.POSITIVE_INFINITY,
  }: Run): Promise<boolean> {
    const cache = this.#project.open();
    const { root } = this.#project;
    const project = { cache, dist: path.join(root, 'dist'), cwd: root };
    const plan = { items: [ITEM] };
    const work = { project: { ...project, plan }, emit: () => {} } as unknown as BuildContext;
    const state = path.join(root, 'state');
    const epochs = await EpochRun.prepare(handleOf(work, 0), MANIFEST, {
      state,
      fromStart: false,
      inputs: NO_INPUTS,
      hold: ALONE,
    });
    if (epochs === undefined) throw new Error('not an incremental stage');
    const { completed } = epochs.span;
    if (completed > 0) expect(contents(state)).toEqual(meant(completed));
    if (!isOrphan) epochs.watch();
    const place = { ...this.#place, commit: epochs.env.PIPE_COMMIT };
    rmSync(place.aside, { recursive: true });
    mkdirSync(place.aside);

    const used: Way[] = [];
    let steps = 0;
    const train = async (): Promise<boolean> => {
      for (let epoch = completed + 1; epoch <= TARGET; epoch++) {
        const way = ways[(epoch - 1) % ways.length] as Way;
        used.push(way);
        for (const _ of WAYS[way](place, epoch)) {
          if (epochs.stop.aborted || ++steps > killedAfter) return false;
          await pause(pauses[steps % pauses.length], this.#project.root);
        }
      }
      return true;
    };
    // It writes to a folder that was refused and removed, which kills the stage.
    const hasEndedWell = await train().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return false;
    });
    await epochs.drain(hasEndedWell);
    epochs.close();
    if (!isOrphan)
      expect(readdirSync(place.commit).filter((name) => /^\d+$/.test(name))).toEqual([]);
    if (!isOrphan && used.every(isRight)) expect(epochs.mistake).toBeUndefined();
    return !isOrphan && epochs.shortfall() === undefined;
  }

  /** Every recorded epoch, including those from which no run continued. */
  async checkAll(): Promise<void> {
    const cache = this.#project.open();
    const chain = keyOf(chainManifest(MANIFEST, undefined));
    const records = cache.chains.readEpochs(chain);
    expect(records.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const { epoch, metrics } of records) {
      const state = await cache.chains.restoreState(
        chain,
        epoch,
        path.join(this.#project.root, 'state'),
      );
      expect(contents(state)).toEqual(meant(epoch));
      expect(metrics).toEqual({ epoch });
    }
  }
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(folder)
      .map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')])
      .sort(),
  );
}

async function pause(kind: Run['pauses'][number] | undefined, folder: string): Promise<void> {
  if (kind === 'turns') for (let turn = 0; turn < 4; turn++) await turnOf();
  if (kind !== 'tick') return;
  // The file system's own clock has advanced by more than a tick.
  const probe = path.join(folder, 'probe');
  writeFileSync(probe, '');
  const start = statSync(probe).ctimeMs;
  while (statSync(probe).ctimeMs < start + 20) {
    await turnOf();
    writeFileSync(probe, '');
  }
}

const turnOf = () => new Promise((resolve) => setImmediate(resolve));

const runs: fc.Arbitrary<Run> = fc.record({
  ways: fc.array(fc.constantFrom(...(Object.keys(WAYS) as Way[])), {
    minLength: 1,
    maxLength: TARGET,
  }),
  pauses: fc.array(fc.constantFrom('none', 'turns', 'tick'), { minLength: 1, maxLength: 5 }),
  isOrphan: fc.boolean(),
  killedAfter: fc.option(fc.nat(15), { nil: undefined }),
});

const CAREFUL: Run = {
  ways: ['rename'],
  pauses: ['none'],
  isOrphan: false,
  killedAfter: undefined,
};

test('however a stage commits, a recorded epoch is complete, and the next run continues from it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(runs, { minLength: 1, maxLength: 3 }), async (all) => {
      const training = new Training();
      for (const each of all) await training.run(each);
      // Earlier mistakes do not matter any more, and every state from which it continues is
      // checked.
      expect(await training.run(CAREFUL)).toBe(true);
      await training.checkAll();
    }),
    { numRuns: 25 },
  );
});
