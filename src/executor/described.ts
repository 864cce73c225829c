/** An executor that `pipe.local.yaml` describes by three commands: submit, status, cancel. */
import { quotePlain } from '../pipeline/items/shell-quote.js';
import {
  type JobState,
  type Jobs,
  Refused,
  type Request,
  type Scheduler,
  type Submission,
  Unanswered,
} from './scheduler.js';
import { NOT_STARTED, runProgram, splitWords, TRY_AGAIN } from './scheduler-programs.js';
import type { Described } from './site.js';
import { filled, OPTION_NAMES, type OptionName } from './templates.js';

interface Place {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export function described(name: string, site: Described, { env, cwd }: Place): Scheduler {
  const call = (text: string, mark?: string) =>
    runProgram(['/bin/sh', '-ec', text], { cwd, env, mark });
  return {
    title: name,
    most: site.jobs,
    arrays: false,
    ordered: site.options.after !== undefined,
    async submit(submission) {
      const { code, out, err } = await call(submitText(submission, site), submission.name);
      // The job number, alone or in a sentence.
      if (code === 0) return /(?<=^|\s)\d[\w.[\]-]*/.exec(out)?.[0] ?? submission.name;
      const said = lastLines(err || out);
      if (code === TRY_AGAIN) throw new Unanswered(said);
      const what = code === NOT_STARTED ? `the command \`submit\` of ${name} finds no program` : '';
      throw new Refused(said, what === '' ? {} : { what });
    },
    async look() {
      const { code, out, err } = await call(site.status);
      if (code !== 0) throw new Unanswered(lastLines(err || out));
      return parseStatus(out);
    },
    async cancel(ids) {
      const text = filled(site.cancel, { ids: ids.map((id) => quotePlain(id)).join(' ') });
      const { code, err, out } = await call(text);
      if (code !== 0) throw new Unanswered(lastLines(err || out));
    },
  };
}

export function submitText(
  { name, request, after, script, outputs: [output = ''] }: Submission,
  { submit, options }: Pick<Described, 'submit' | 'options'>,
): string {
  const values = valuesOf(request, after);
  const stated = OPTION_NAMES.flatMap((each) => {
    const template = options[each];
    return template === undefined || values[each] === '' ? [] : [filled(template, values)];
  });
  return filled(submit, {
    ...values,
    ...{ name, script: quotePlain(script), output: quotePlain(output) },
    options: stated.join(' '),
    flags: splitWords(request.flags ?? '')
      .map((word) => quotePlain(word))
      .join(' '),
  });
}

/** Whole cores, mebibytes, GPUs, seconds, and job numbers separated by commas; empty if not stated. */
function valuesOf(
  { cpu, memory, gpu, time }: Request,
  after: readonly string[],
): Record<OptionName, string> {
  return {
    cpu: String(Math.max(1, Math.ceil(cpu))),
    memory: memory > 0 ? String(Math.ceil(memory / 2 ** 20)) : '',
    gpu: gpu > 0 ? String(gpu) : '',
    time: time === undefined ? '' : String(Math.ceil(time)),
    after: after.join(','),
  };
}

const STATES: Readonly<Record<string, Pick<JobState, 'phase' | 'cause'>>> = {
  pending: { phase: 'pending' },
  running: { phase: 'running' },
  done: { phase: 'ended', cause: 'finished' },
  failed: { phase: 'ended', cause: 'finished' },
  time: { phase: 'ended', cause: 'time' },
  memory: { phase: 'ended', cause: 'memory' },
  node: { phase: 'ended', cause: 'node' },
  preempted: { phase: 'ended', cause: 'preempted' },
  cancelled: { phase: 'ended', cause: 'cancelled' },
};

/**
 * Lines `<number> <name> <state> [reason or machine]`.
 *
 * @throws Unanswered for an unknown state, from which nothing may be concluded
 */
export function parseStatus(text: string): Jobs {
  const jobs = new Map<string, JobState>();
  for (const line of text.split('\n')) {
    const [id, name, word, ...more] = line.trim().split(/\s+/);
    if (id === undefined || !name?.startsWith('pipe-')) continue;
    const state = STATES[word ?? ''];
    if (state === undefined)
      throw new Unanswered(
        `its status command printed "${line.trim()}": the third word must be one of ${Object.keys(STATES).join(', ')}`,
      );
    const detail = more.join(' ');
    jobs.set(name, {
      ...{ id, word: word as string, ...state },
      ...(detail !== '' && (state.phase === 'pending' ? { reason: detail } : { where: detail })),
    });
  }
  return jobs;
}

function lastLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-3).join('; ') || 'no answer';
}
