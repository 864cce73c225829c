/** Executors that pipe.local.yaml describes: their commands, and how their answers are parsed. */
import { describe, expect, it } from 'vitest';
import { parseStatus, submitText } from '../../src/executor/described.js';
import { Unanswered } from '../../src/executor/scheduler.js';

const REQUEST = { cpu: 1, memory: 0, gpu: 0, time: undefined, flags: undefined };

const SUBMISSION = {
  ...{ name: 'pipe-ab', count: 1, request: REQUEST, after: [], script: '/p/a b/script.sh' },
  ...{ outputs: ['/p/out.txt'], outputPattern: '/p/out.txt', folder: '/p' },
};

const SITE = {
  submit: 'qsub -N ${name} -o ${output} ${options} ${flags} ${script} # $USER',
  options: {
    cpu: '-pe smp ${cpu}',
    memory: '-l m=${memory}M',
    time: '-l h_rt=${time}',
    after: '-hold_jid ${after}',
  },
};

describe('the command that submits', () => {
  it('has quoted values, and only the options that apply', () => {
    expect(submitText(SUBMISSION, SITE)).toBe(
      "qsub -N pipe-ab -o /p/out.txt -pe smp 1  '/p/a b/script.sh' # $USER",
    );
  });

  it('has whole cores, mebibytes, seconds, earlier jobs, and the flags of the stage', () => {
    const request = { cpu: 1.5, memory: 2 ** 30, gpu: 1, time: 61, flags: "-l 'a b'" };
    expect(submitText({ ...SUBMISSION, request, after: ['7', '8'] }, SITE)).toBe(
      "qsub -N pipe-ab -o /p/out.txt -pe smp 2 -l m=1024M -l h_rt=61 -hold_jid 7,8 -l 'a b' '/p/a b/script.sh' # $USER",
    );
  });
});

describe('the list of jobs', () => {
  it('has states, reasons and machines, and jobs of other programs do not count', () => {
    const jobs = parseStatus(
      '7 pipe-a pending no free slot\n8 pipe-b running n2\n9 other R\n\n10 pipe-c time\n',
    );
    expect(Object.fromEntries(jobs)).toEqual({
      'pipe-a': { id: '7', word: 'pending', phase: 'pending', reason: 'no free slot' },
      'pipe-b': { id: '8', word: 'running', phase: 'running', where: 'n2' },
      'pipe-c': { id: '10', word: 'time', phase: 'ended', cause: 'time' },
    });
  });

  it('gives no answer if it contains an unknown state', () => {
    const read = () => parseStatus('7 pipe-a qw\n');
    expect(read).toThrow(Unanswered);
    expect(read).toThrow('printed "7 pipe-a qw": the third word must be one of pending, running,');
  });
});
