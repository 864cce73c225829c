/**
 * An incremental stage that is killed repeatedly: the run, the stage, or both at a random moment.
 */
import { Project } from '../../rig/project.js';
import { until } from '../../rig/until.js';

export interface EpochStorm {
  readonly kills: number;
  /** Every epoch that was computed, in order; some twice. */
  readonly computed: readonly number[];
  /** The outs after the last run, which was not killed. */
  readonly model: string;
}

/** Each epoch logs itself before its work, so that epochs lost by a kill are counted too. */
const STAGE = `set -eu
echo $$ > stage.pid
epoch=$PIPE_EPOCH
if [ "$epoch" -gt 0 ]; then weight=$(cat "$PIPE_STATE/weight"); else weight=1; fi
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  echo "$epoch" >> computed.txt
  # The work of an epoch, long enough to be killed in.
  sleep 0.02
  weight=$(((weight * 3 + epoch) % 1000003))
  mkdir "$PIPE_COMMIT/draft"
  echo "$weight" > "$PIPE_COMMIT/draft/weight"
  mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$epoch"
  # Never more than one state waits to be stored.
  while [ -d "$PIPE_COMMIT/$((epoch - 1))" ]; do sleep 0.01; done
done
echo "$weight" > "$1"
`;

const pipeline = (epochs: number) => `params: { epochs: ${epochs} }
stages:
  train:
    cmd: sh train.sh \${outs.model}
    outs: { model: cache/out/model.txt }
    epochs: \${epochs}
`;

/** The expected result of the stage, computed here. */
export function modelAfter(epochs: number): string {
  let weight = 1;
  for (let epoch = 1; epoch <= epochs; epoch++) weight = (weight * 3 + epoch) % 1000003;
  return `${weight}\n`;
}

export async function epochStorm(
  epochs: number,
  kills: number,
  random: () => number,
): Promise<EpochStorm> {
  const project = new Project({ 'pipeline.yaml': pipeline(epochs), 'train.sh': STAGE });
  try {
    for (let kill = 0; kill < kills; kill++) await runAndKill(project, random);
    const last = await project.run();
    if (last.code !== 0) throw new Error(`the last run failed:\n${last.out}${last.err}`);
    const computed = project.lines('computed.txt').map(Number);
    return { kills, computed, model: project.read('cache/out/model.txt') };
  } finally {
    project.dispose();
  }
}

/** Some epochs after its start, and some turns of the event loop later. */
async function runAndKill(project: Project, random: () => number): Promise<void> {
  const epochs = Math.floor(random() * 4);
  const victim = Math.floor(random() * 3);
  project.remove('stage.pid');
  const run = project.start('run', '--json');
  await run.events(
    (events) =>
      events.some((event) => event.type === 'start') &&
      events.filter((event) => event.type === 'epoch').length >= epochs,
  );
  for (let turns = Math.floor(random() * 300); turns > 0; turns--) await turn();
  // To kill only the stage, it must be running: the run waits for its end.
  if (victim === 1) await until(() => project.lines('stage.pid').length > 0);
  if (victim !== 1) run.kill('SIGKILL');
  if (victim !== 0) killStage(project);
  await run.ended;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function killStage(project: Project): void {
  try {
    const [pid] = project.lines('stage.pid');
    if (pid !== undefined) process.kill(Number(pid), 'SIGKILL');
  } catch (error) {
    // It has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
