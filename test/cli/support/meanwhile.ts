/**
 * An item that reads its input on command, and inputs that are changed and restored in between: a
 * result recorded for an input was made from that input.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import { Project, type Running } from '../../rig/project.js';
import { until } from '../../rig/until.js';

/** How the item names its input; the input is always `in/a`, and contains `A`. */
export const DEPS = {
  file: 'in/a',
  folder: 'in',
  pattern: 'in/*',
  link: 'link',
  'link to a folder': 'links',
  'below a link': 'ways/a',
  'pattern below a link': 'ways/*',
} as const;

/** Ways to make a process read `B`, and to undo it. */
export const CHANGES = {
  'write and write back': {
    make: (made: Project) => made.write('in/a', 'B'),
    undo: (made: Project) => made.write('in/a', 'A'),
  },
  'write and write back, with the times of before': {
    make: (made: Project) => withTimes(made, 'B'),
    undo: (made: Project) => withTimes(made, 'A'),
  },
  'rename another over it and back': {
    make: (made: Project) => {
      renameSync(made.path('in/a'), made.path('aside'));
      made.write('in/a', 'B');
    },
    undo: (made: Project) => renameSync(made.path('aside'), made.path('in/a')),
  },
  'rename its folder and back': {
    make: (made: Project) => {
      renameSync(made.path('in'), made.path('aside'));
      made.write('in/a', 'B');
    },
    undo: (made: Project) => {
      made.remove('in');
      renameSync(made.path('aside'), made.path('in'));
    },
  },
  'lead it elsewhere by a link and back': {
    make: (made: Project) => {
      renameSync(made.path('in/a'), made.path('aside'));
      made.write('other', 'B');
      symlinkSync(made.path('other'), made.path('in/a'));
    },
    undo: (made: Project) => {
      rmSync(made.path('in/a'));
      renameSync(made.path('aside'), made.path('in/a'));
    },
  },
  'lead a link on the way elsewhere and back': {
    make: (made: Project) => {
      made.write('elsewhere/a', 'B');
      leadWays(made, 'elsewhere');
    },
    undo: (made: Project) => leadWays(made, 'in'),
  },
  'only touch it': {
    make: (made: Project) => utimesSync(made.path('in/a'), new Date(), new Date()),
    undo: () => {},
  },
  'leave it alone': { make: () => {}, undo: () => {} },
} as const;

function leadWays(made: Project, to: string): void {
  symlinkSync(to, made.path('ways.new'));
  renameSync(made.path('ways.new'), made.path('ways'));
}

function withTimes(made: Project, text: string): void {
  const { atime, mtime } = statSync(made.path('in/a'));
  made.write('in/a', text);
  utimesSync(made.path('in/a'), atime, mtime);
}

/** How the run continues after the change was undone. */
export const ENDS = ['goes on', 'is killed', 'is interrupted'] as const;

export interface Scene {
  readonly dep: keyof typeof DEPS;
  readonly change: keyof typeof CHANGES;
  /** Number of epochs; 0: not incremental. */
  readonly epochs: 0 | 3;
  /** The epoch during which the input is changed. */
  readonly at: number;
  readonly end: (typeof ENDS)[number];
}

/**
 * Reads its input once an epoch, between two messages of the test, and waits until the epoch is
 * stored; without the file `told` it reads immediately.
 */
const TRAIN = `set -e
word() { if [ -e told ]; then : > "at/$1"; read line < gate; fi; }
e=\${PIPE_EPOCH:-0}
s=
if [ "$e" -gt 0 ]; then s=$(cat "$PIPE_STATE/s"); fi
while [ "$e" -lt "\${PIPE_EPOCHS:-1}" ]; do
  e=$((e+1))
  word "$e"
  s="$s$(cat $2)"
  word "$e.read"
  if [ -n "$PIPE_COMMIT" ]; then
    mkdir "$PIPE_COMMIT/draft"; printf %s "$s" > "$PIPE_COMMIT/draft/s"; mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$e"
    : > "at/$e.committed"
    while [ -e "$PIPE_COMMIT/$e" ]; do sleep 0.01; done
  fi
done
printf %s "$s" > "$1"
`;

/** Plays the scene; returns the text that a later run gives for the original input. */
export async function play(scene: Scene, made = new Project()): Promise<string> {
  try {
    stage(scene, made);
    await disturb(scene, made);
    rmSync(made.path('told'));
    const next = await made.run();
    if (next.code !== 0) throw new Error(`${next.out}${next.err}`);
    const again = await made.run();
    if (again.summary?.fresh !== 1) throw new Error(`not fresh: ${again.out}${again.err}`);
    return readFileSync(made.path('out'), 'utf8');
  } finally {
    made.dispose();
  }
}

function stage({ dep, epochs }: Scene, made: Project): void {
  const where = dep === 'link to a folder' ? 'links/a' : dep === 'folder' ? 'in/a' : DEPS[dep];
  const chain = epochs === 0 ? '' : `, epochs: ${epochs}`;
  made.write('in/a', 'A');
  made.write('told', '');
  made.write('train.sh', TRAIN);
  made.write(
    'pipeline.yaml',
    `stages:\n  t: { cmd: "sh train.sh \${outs.o} '${where}'", deps: ["${DEPS[dep]}"], outs: { o: out }${chain} }\n`,
  );
  symlinkSync('in/a', made.path('link'));
  symlinkSync('in', made.path('links'));
  symlinkSync('in', made.path('ways'));
  mkdirSync(made.path('at'));
  execFileSync('mkfifo', [made.path('gate')]);
}

async function disturb({ change, epochs, at, end }: Scene, made: Project): Promise<void> {
  const gate = openSync(made.path('gate'), 'r+');
  const tell = (words = 1) => writeSync(gate, 'on\n'.repeat(words));
  const run = made.start('run', '--json');
  try {
    for (let epoch = 1; epoch <= at; epoch++) {
      await reached(made, run, `at/${epoch}`);
      if (epoch === at) CHANGES[change].make(made);
      tell();
      await reached(made, run, `at/${epoch}.read`);
      if (epoch < at) tell();
    }
    CHANGES[change].undo(made);
    if (end === 'is killed') {
      run.kill('SIGKILL');
      await run.ended;
      tell();
      // Commits what it read while no run is alive.
      const left = epochs > 0 ? `at/${at}.committed` : 'out';
      await until(() => existsSync(made.path(left)));
      return;
    }
    if (end === 'is interrupted') run.kill('SIGINT');
    else tell(4 * Math.max(1, epochs));
    await run.ended;
  } finally {
    closeSync(gate);
  }
}

async function reached(made: Project, run: Running, file: string): Promise<void> {
  let isOver = false;
  void run.ended.then(() => {
    isOver = true;
  });
  await until(() => existsSync(made.path(file)) || isOver);
}

const scenes: fc.Arbitrary<Scene> = fc
  .record({
    dep: fc.constantFrom(...(Object.keys(DEPS) as Scene['dep'][])),
    change: fc.constantFrom(...(Object.keys(CHANGES) as Scene['change'][])),
    epochs: fc.constantFrom(0 as const, 3 as const),
    at: fc.integer({ min: 1, max: 3 }),
    end: fc.constantFrom(...ENDS),
  })
  .map((scene) => ({ ...scene, at: Math.min(scene.at, Math.max(1, scene.epochs)) }));

/** Checks the property for this number of scenes. */
export async function checkScenes(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(scenes, async (scene) => {
      expect(await play(scene)).toBe('A'.repeat(Math.max(1, scene.epochs)));
    }),
    { numRuns, endOnFailure: true },
  );
}
