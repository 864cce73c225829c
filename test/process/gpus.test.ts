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

  test.each(['x', ',', '1,x', '-1', '1.5'])('%j is an error', (text) => {
    expect(() => parseGpus(text)).toThrow(UserError);
  });
});

describe('the GPUs of a machine', () => {
  let findGpus: typeof import('../../src/process/gpus.js').findGpus;
  let findSlots: typeof import('../../src/process/gpus.js').findSlots;

  // The process caches the answer of nvidia-smi, so each test loads the module again.
  beforeEach(async () => {
    vi.resetModules();
    ({ findGpus, findSlots } = await import('../../src/process/gpus.js'));
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
  ])('are those that CUDA_VISIBLE_DEVICES=%s leaves', async (visible, indices) => {
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

  const MIG = 'MIG-4dfc5ef2-0e9f-5e6e-a9a5-4e0c8c1fabcd';

  async function visible(value: string, more: NodeJS.ProcessEnv = {}, script = three) {
    return await findSlots({ ...machine(script), CUDA_VISIBLE_DEVICES: value, ...more });
  }

  test.each(['1,0', 'GPU-bbb,GPU-cccc3', MIG, `7,${MIG}`])(
    'are the entries of CUDA_VISIBLE_DEVICES=%s, verbatim',
    async (value) => {
      expect((await visible(value)).map(({ name }) => name).join(',')).toBe(value);
    },
  );

  test.each(['', '-1', 'NoDevFiles', 'none', ' ', '-1,0'])(
    'are none with CUDA_VISIBLE_DEVICES=%j',
    async (value) => {
      expect(await visible(value)).toEqual([]);
    },
  );

  test('are identified by UUID, whatever the variables call them', async () => {
    const keys = async (env: NodeJS.ProcessEnv) =>
      (await findSlots({ ...machine(three), ...env })).map(({ key }) => key);
    const all = ['GPU-aaaa1', 'GPU-bbbb2', 'GPU-cccc3'];
    expect(await keys({})).toEqual(all);
    expect(await keys({ PIPE_GPUS: '3' })).toEqual(all);
    expect(await keys({ CUDA_VISIBLE_DEVICES: '2,GPU-bbb' })).toEqual(['GPU-cccc3', 'GPU-bbbb2']);
    expect(await keys({ CUDA_VISIBLE_DEVICES: '1,GPU-bbbb2' })).toEqual(['GPU-bbbb2']);
    expect(await keys({ CUDA_VISIBLE_DEVICES: MIG, SLURM_JOB_ID: '7' })).toEqual([MIG]);
  });

  test("are identified without a UUID by host and entry, and by the allocator's job", async () => {
    const keyIn = async (job: NodeJS.ProcessEnv) => (await visible('0', job, 'exit 9'))[0]?.key;
    expect(await keyIn({})).toBe(await keyIn({}));
    const keys = [
      await keyIn({}),
      await keyIn({ SLURM_JOB_ID: '1' }),
      await keyIn({ SLURM_JOB_ID: '2' }),
      await keyIn({ PBS_JOBID: '3' }),
    ];
    expect(new Set(keys).size).toBe(4);
  });
});
