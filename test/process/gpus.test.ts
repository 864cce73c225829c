/** Which GPUs there are, by the variables and by nvidia-smi. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../src/error.js';
import { parseGpus } from '../../src/process/gpus.js';
import { tempFolder } from './support/script.js';

describe('PIPE_GPUS', () => {
  test.each([
    ['2', [0, 1]],
    ['0', []],
    ['0,2', [0, 2]],
    ['3,', [3]],
    [' 1 , 1 , 4 ', [1, 4]],
  ])('%j means %j', (text, indices) => {
    expect(parseGpus(text)).toEqual(indices);
  });

  test.each(['x', ',', '1,x', '-1', '1.5'])('%j is a mistake', (text) => {
    expect(() => parseGpus(text)).toThrow(UserError);
  });
});

describe('the GPUs of a machine', () => {
  let findGpus: typeof import('../../src/process/gpus.js').findGpus;

  // What nvidia-smi says is kept for the process, so each test loads the module anew.
  beforeEach(async () => {
    vi.resetModules();
    ({ findGpus } = await import('../../src/process/gpus.js'));
  });

  /** An environment in which `nvidia-smi` is this script. */
  function machine(script: string): NodeJS.ProcessEnv {
    const folder = join(tempFolder(), 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${folder}:/usr/bin:/bin` };
  }

  const three = String.raw`printf '0, GPU-aaaa1\n1, GPU-bbbb2\n2, GPU-cccc3\n'`;

  test('are those that nvidia-smi lists', async () => {
    expect(await findGpus(machine(three))).toEqual({ indices: [0, 1, 2], virtual: false });
  });

  test.each([
    ['2,0', [2, 0]],
    ['GPU-bbb', [1]],
    ['1,-1,2', [1]],
  ])('are what CUDA_VISIBLE_DEVICES=%s leaves of them', async (visible, indices) => {
    const env = { ...machine(three), CUDA_VISIBLE_DEVICES: visible };
    expect(await findGpus(env)).toEqual({ indices, virtual: false });
  });

  test.each([
    ['without nvidia-smi', () => ({ PATH: '/nowhere' })],
    ['when it finds no driver', () => machine('echo "no driver"; exit 9')],
    ['when all are hidden', () => ({ ...machine(three), CUDA_VISIBLE_DEVICES: '' })],
    ['when none are to be used', () => ({ ...machine(three), PIPE_GPUS: '0' })],
  ])('are one virtual slot %s', async (_, env) => {
    expect(await findGpus(env())).toEqual({ indices: [0], virtual: true });
  });
});
