/** `pipe job`: the command that a batch job executes. Hidden, since only pipe writes job files. */
import { userError } from '../error.js';
import { runJob } from '../run/run-job.js';
import { namedPlace } from '../sys/real-place.js';
import { type Command, EXIT } from './command.js';

export const command: Command = {
  command: 'job',
  positionals: '<job file>',
  summary: 'Executes a job file. The jobs that `pipe run --executor …` submits call it.',
  options: [],
  async run({ positionals: [file] }, { host, interruption, onTimeLimit }) {
    if (file === undefined)
      throw userError('not-a-job', 'pipe job needs a job file', 'use `pipe run --executor slurm`');
    const means = { host, interruption, onTimeLimit };
    const verdict = await runJob(namedPlace(host.cwd, file), means);
    if (interruption.stop.aborted) return EXIT.interrupted;
    // Jobs that wait for this one must not start if it has no result.
    return verdict === 'failed' || verdict === 'cancelled' ? EXIT.failed : EXIT.done;
  },
};
