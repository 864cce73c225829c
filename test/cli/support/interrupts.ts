/** A pipeline with everything that is hard to stop, interrupted at random moments. */
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine, MARK, processesMarked } from '../../rig/processes.js';
import { Project, type Running } from '../../rig/project.js';

/** Outcome of one interrupted run. */
export interface Interrupted {
  /**
   * Its exit code. If a signal that it could not handle ended it: `before` its first output, where
   * Node may handle either of two pending signals first, or `after` its last one, when Node had
   * removed its handlers. Else the signal's name, which is an error.
   */
  readonly end: number | 'before' | 'after' | NodeJS.Signals | null;
  /** Processes of any stage that survived it. */
  readonly left: readonly string[];
  /** Outs of the next run that differ from those of an undisturbed run. */
  readonly wrong: readonly string[];
}

/** Daemons, background jobs, a stage that ignores signals, epochs, a GPU, TypeScript, all at once. */
const PIPELINE = `params: { round: 0, numbers: [1, 2, 3, 4] }
stages:
  source:
    cmd: echo \${round} > \${outs.o}
    outs: { o: cache/out/source }
  daemons:
    matrix: { n: "\${numbers}" }
    cmd: |
      setsid -f sh -c 'exec sleep 300' > /dev/null 2>&1
      sleep 300 &
      (trap '' TERM INT HUP; sleep 0.\${n}) &
      sleep 0.0\${n}
      echo "$(cat \${deps.source}) \${n}" > \${outs.o}
    deps: { source: cache/out/source }
    outs: { o: "cache/out/daemon-\${n}" }
  deaf:
    cmd: |
      trap '' TERM INT
      for i in 1 2 3 4; do sleep 0.05; done
      cp \${deps.source} \${outs.o}
    deps: { source: cache/out/source }
    outs: { o: cache/out/deaf }
  module:
    run: stages/module.ts
    deps: { source: cache/out/source }
    outs: { o: cache/out/module }
    resources: { gpu: 1 }
  train:
    cmd: |
      epoch=$PIPE_EPOCH
      while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
        epoch=$((epoch + 1))
        sleep 0.02
        mkdir "$PIPE_COMMIT/draft" && { cat "$PIPE_STATE/seen" "$PIPE_COMMIT/$((epoch - 1))/seen" 2> /dev/null | tail -1; echo "$epoch"; } > "$PIPE_COMMIT/draft/seen"
        while [ -d "$PIPE_COMMIT/$((epoch - 1))" ]; do sleep 0.01; done
        mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$epoch"
      done
      echo "$(cat \${deps.source}) $epoch" > \${outs.o}
    deps: { source: cache/out/source }
    outs: { o: cache/out/train }
    epochs: 6
    resources: { gpu: 1 }
  all:
    cmd: cat cache/out/daemon-* \${deps.deaf} \${deps.module} \${deps.train} > \${outs.o}
    deps: { daemons: "cache/out/daemon-*", deaf: cache/out/deaf, module: cache/out/module, train: cache/out/train }
    outs: { o: all.txt }
`;

const MODULE = `import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { defineStage } from 'pipe-run/stage';

export default defineStage<{ deps: { source: string }; outs: { o: string } }>(async ({ deps, outs }) => {
  const daemon = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  await once(daemon, 'spawn');
  daemon.unref();
  writeFileSync(outs.o, readFileSync(deps.source));
});
`;

/** Result of an undisturbed run of a round. */
function allOf(round: number): string {
  const daemons = [1, 2, 3, 4].map((n) => `${round} ${n}\n`);
  return `${daemons.join('')}${round}\n${round}\n${round} 6\n`;
}

/** Interrupts runs, each with new inputs, at random moments, until this number of runs handled the signal. */
export async function interruptRounds(
  interrupts: number,
  random: () => number,
): Promise<Interrupted[]> {
  const project = new Project({ 'pipeline.yaml': PIPELINE, 'stages/module.ts': MODULE });
  project.env[MARK] = project.root;
  project.env.PIPE_GPUS = '1';
  try {
    const first = await project.run('-k');
    if (first.code !== 0) throw new Error(`undisturbed, it fails: ${first.err}${first.out}`);
    const steps = first.events.length;
    const results: Interrupted[] = [];
    let taken = 0;
    for (let round = 1; taken < interrupts; round++) {
      const set = ['--set', `round=${round}`];
      const end = await interrupt(project.start('run', '--json', ...set), steps, random);
      const left = processesMarked(project.root).map(commandLine);
      const next = await project.run(...set);
      const wrong = next.code === 0 ? [] : [`exit code ${next.code}: ${next.err}${next.out}`];
      const all = project
        .lines('all.txt')
        .map((line) => `${line}\n`)
        .join('');
      if (all !== allOf(round)) wrong.push(all);
      left.push(...processesMarked(project.root).map((pid) => `after: ${commandLine(pid)}`));
      results.push({ end, left, wrong });
      if (end === 130) taken++;
    }
    return results;
  } finally {
    for (const pid of processesMarked(project.root)) process.kill(pid, 'SIGKILL');
    project.dispose();
  }
}

/**
 * One SIGINT a random time after a random event of the run, or after its start; sometimes followed by
 * a SIGTERM, as an impatient user sends it.
 */
async function interrupt(run: Running, steps: number, random: () => number) {
  const step = Math.floor(random() * (steps - 1));
  const reached = run.events((events) => events.length >= step);
  await Promise.race([reached, run.ended]);
  await Promise.race([delay(random() * (step === 0 ? 200 : 40)), run.ended]);
  run.kill('SIGINT');
  if (random() < 0.3) {
    await Promise.race([delay(random() * 50), run.ended]);
    run.kill('SIGTERM');
  }
  const { code, signal } = await run.ended;
  if (signal === null) return code;
  if (run.told().trim() === '') return 'before';
  return run.told().includes('"type":"summary"') ? 'after' : signal;
}
