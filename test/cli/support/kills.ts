/** Kills a training at random moments and resumes it: the runner, the stage, or both. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MARK, processesMarked } from '../../rig/processes.js';
import { Project, type Running } from '../../rig/project.js';
import { COMPUTED, MODEL, type Training } from './trainings.js';

export interface Killed {
  /** Kills that reached a process. */
  readonly kills: number;
  /** Every epoch that began, in order, some twice. */
  readonly computed: readonly number[];
  /** The last epoch, which is the final target. */
  readonly epochs: number;
  readonly model: Buffer;
}

/** Starts with a target of `step` epochs; raises it by `step` whenever a run reaches it before a kill. */
export async function killAndResume(
  training: Training,
  step: number,
  wanted: number,
  random: () => number,
): Promise<Killed> {
  const project = new Project(training.files(step));
  project.env[MARK] = project.root;
  try {
    let kills = 0;
    let epochs = step;
    const target = () => ['--set', `train.epochs=${epochs}`];
    while (kills < wanted) {
      const run = project.start('run', '--json', ...target());
      kills += await killSomewhere(run, project.root, random);
      const { code, err, out } = await run.ended;
      if (code === 0) epochs += step;
      if (err !== '') throw new Error(`a killed run says:\n${err}${out}`);
    }
    const last = await project.run(...target());
    if (last.code !== 0) throw new Error(`the last run failed:\n${last.out}${last.err}`);
    const left = processesMarked(project.root);
    if (left.length > 0) throw new Error(`processes are left: ${left.join(', ')}`);
    const computed = project.lines(COMPUTED).map(Number);
    return { kills, computed, epochs, model: readFileSync(project.path(MODEL)) };
  } finally {
    for (const pid of processesMarked(project.root)) process.kill(pid, 'SIGKILL');
    project.dispose();
  }
}

/** The result of a run without kills. */
export async function undisturbed(training: Training, epochs: number): Promise<Buffer> {
  const project = new Project(training.files(epochs));
  try {
    const run = await project.run();
    if (run.code !== 0) throw new Error(`the undisturbed run failed:\n${run.out}${run.err}`);
    return readFileSync(project.path(MODEL));
  } finally {
    project.dispose();
  }
}

const VICTIMS = ['runner', 'stage', 'both'] as const;

/** Some epochs after the start, plus a random time, which makes the moment random. */
async function killSomewhere(run: Running, mark: string, random: () => number): Promise<number> {
  const epochs = Math.floor(random() * 4);
  const ended = run.ended.then(() => 'ended' as const);
  const reached = run.events(
    (events) => epochs === 0 || events.filter(({ type }) => type === 'epoch').length >= epochs,
  );
  if ((await Promise.race([reached, ended])) === 'ended') return 0;
  if ((await Promise.race([delay(random() * (epochs === 0 ? 250 : 25)), ended])) === 'ended')
    return 0;
  const victim = VICTIMS[Math.floor(random() * VICTIMS.length)];
  const stage = processesMarked(mark).filter((pid) => pid !== run.pid);
  const victims = victim === 'runner' ? [] : stage;
  if (victim !== 'stage') victims.splice(Math.floor(random() * (victims.length + 1)), 0, run.pid);
  return victims.filter(kill).length > 0 ? 1 : 0;
}

/** False when the process has ended already. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
