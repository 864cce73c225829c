/**
 * Holders that are invisible because they run under another host name: they vanish, or they freeze
 * and come back. The next run takes over, and a holder that comes back records nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BIN, Project, surroundings } from '../rig/project.js';
import { until } from '../rig/until.js';

const NAMESPACES = ['--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
const canUnshare = spawnSync('unshare', [...NAMESPACES, 'true']).status === 0;

/**
 * Each execution adds its own name, epoch by epoch, and waits at epoch 2 until the test continues
 * it.
 */
const TRAIN = `set -e
e=$PIPE_EPOCH
s=
if [ "$e" -gt 0 ]; then s=$(cat "$PIPE_STATE/s"); fi
while [ "$e" -lt "$PIPE_EPOCHS" ]; do
  e=$((e+1))
  if [ "$e" = 2 ]; then : > at2; while [ ! -e go ]; do sleep 0.05; done; fi
  s="$s$(cat in.txt)"
  mkdir "$PIPE_COMMIT/draft"; printf %s "$s" > "$PIPE_COMMIT/draft/s"; mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$e"
  while [ -e "$PIPE_COMMIT/$e" ]; do sleep 0.01; done
done
printf %s "$s" > "$1"
`;

const PIPELINE = `stages:
  t: { cmd: "sh train.sh \${outs.o}", deps: [in.txt], outs: { o: out/t }, epochs: EPOCHS }
`;

const scene = fc.record({
  epochs: fc.boolean(),
  fate: fc.constantFrom('vanishes', 'comes back before the end', 'comes back after the end'),
});

it.runIf(canUnshare)(
  'the next run takes over from a holder that vanished or froze, and the holder records nothing when it comes back',
  async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (drawn) => {
        await play(drawn);
      }),
      { numRuns: 6 },
    );
  },
  600_000,
);

async function play({ epochs, fate }: { epochs: boolean; fate: string }): Promise<void> {
  const made = new Project({
    'in.txt': 'A',
    'train.sh': epochs
      ? TRAIN
      : 'set -e\n: > at2; while [ ! -e go ]; do sleep 0.05; done; printf AAA > "$1"\n',
    'pipeline.yaml': PIPELINE.replace(', epochs: EPOCHS', epochs ? ', epochs: 3' : ''),
  });
  try {
    const far = spawn(
      'unshare',
      [...NAMESPACES, 'sh', '-c', `hostname far; exec "${process.execPath}" "${BIN}" run --json`],
      { cwd: made.root, env: surroundings(made.env), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    far.stdout.on('data', (text) => {
      said += String(text);
    });
    const farEnded = new Promise<number | null>((resolve) => far.on('exit', resolve));
    await until(() => existsSync(made.path('at2')));
    if (fate === 'vanishes') far.kill('SIGKILL');
    else signalAll(far.pid as number, 'SIGSTOP');
    const near = made.start('run', '--json');
    await near.event(({ type }) => type === 'waiting');
    await near.event(({ type }) => type === 'start');
    if (fate === 'comes back before the end') {
      signalAll(far.pid as number, 'SIGCONT');
      expect(await farEnded).toBe(1);
    }
    made.write('go', '');
    expect((await near.ended).code).toBe(0);
    if (fate === 'comes back after the end') {
      signalAll(far.pid as number, 'SIGCONT');
      expect(await farEnded).toBe(1);
    }
    if (fate !== 'vanishes') expect(said).toContain('considered this one dead');
    const last = await made.run();
    expect([last.summary?.fresh, made.read('out/t')]).toEqual([1, 'AAA']);
  } finally {
    made.dispose();
  }
}

/** A frozen machine: the process and all its descendants. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  for (const child of children === '' ? [] : children.split(' ')) signalAll(Number(child), signal);
  process.kill(pid, signal);
}
