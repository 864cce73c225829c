/** Which GPUs this machine has for us. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { userError } from '../error.js';

export interface Gpus {
  readonly indices: readonly number[];
  /** True when there are none: the one slot stands for the machine. */
  readonly virtual: boolean;
}

/** A driver that is starting takes seconds; one that hangs must not hang us. */
const TIMEOUT_MS = 15_000;

const ONE_SLOT: Gpus = { indices: [0], virtual: true };

let found: Promise<readonly FoundGpu[]> | undefined;

interface FoundGpu {
  readonly index: number;
  readonly uuid: string;
}

/**
 * In this order: `PIPE_GPUS` (a count such as `2`, or indices such as `0,2` or `3,`), what
 * `CUDA_VISIBLE_DEVICES` leaves of those that `nvidia-smi` finds, all of these, one virtual slot.
 */
export async function findGpus(env: NodeJS.ProcessEnv): Promise<Gpus> {
  if (env.PIPE_GPUS) return slots(parseGpus(env.PIPE_GPUS));
  found ??= askNvidiaSmi(env);
  const gpus = await found;
  const { CUDA_VISIBLE_DEVICES: visible } = env;
  return slots(visible === undefined ? gpus.map(({ index }) => index) : visibleOf(visible, gpus));
}

function slots(indices: readonly number[]): Gpus {
  return indices.length > 0 ? { indices, virtual: false } : ONE_SLOT;
}

/** The value of PIPE_GPUS. */
export function parseGpus(text: string): number[] {
  if (/^\s*\d+\s*$/.test(text)) return Array.from({ length: Number(text) }, (_, index) => index);
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (parts.length === 0 || !parts.every((part) => /^\d+$/.test(part)))
    throw userError(
      'gpus-variable',
      `PIPE_GPUS is "${text}"`,
      'give a count, such as 2, or indices, such as 0,2 (a single index ends in a comma: 3,)',
    );
  return [...new Set(parts.map(Number))];
}

/** As CUDA reads the variable: indices or starts of UUIDs, up to the first that names no GPU. */
function visibleOf(text: string, gpus: readonly FoundGpu[]): number[] {
  const indices: number[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    const gpu = gpus.find(
      ({ index, uuid }) => String(index) === part || (part.length > 4 && uuid.startsWith(part)),
    );
    if (!gpu) break;
    if (!indices.includes(gpu.index)) indices.push(gpu.index);
  }
  return indices;
}

async function askNvidiaSmi(env: NodeJS.ProcessEnv): Promise<readonly FoundGpu[]> {
  const query = ['--query-gpu=index,uuid', '--format=csv,noheader'];
  try {
    const options = { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' as const };
    return parseList((await promisify(execFile)('nvidia-smi', query, options)).stdout);
  } catch {
    return []; // No such program, or no driver: no GPU.
  }
}

/** Lines such as `0, GPU-5d2c…`. */
export function parseList(text: string): FoundGpu[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+),\s*(\S+)/.exec(line);
    return match ? [{ index: Number(match[1]), uuid: match[2] ?? '' }] : [];
  });
}
