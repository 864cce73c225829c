/** Discovers the GPUs that this process may use. */
import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { userError } from '../error.js';
import { isPassing } from '../sys/if-there.js';
import { jobIn } from './own-job.js';

/** One GPU, or a part of one, that an item can hold. */
export interface Slot {
  /** Its number in `nvidia-smi`, else its position in CUDA_VISIBLE_DEVICES. */
  readonly index: number;
  /** Its name, for messages and for CUDA_VISIBLE_DEVICES. */
  readonly name: string;
  /** A key that is the same in every process that could use this GPU, and in no other. */
  readonly key: string;
}

/** The slots as numbers, for counting and display. */
interface Gpus {
  readonly indices: readonly number[];
  /** True if there are no GPUs: one slot represents the machine. */
  readonly virtual: boolean;
}

/** A starting driver takes seconds; a hanging one must not block the run. */
const TIMEOUT_MS = 15_000;

let found: Promise<readonly FoundGpu[]> | undefined;

interface FoundGpu {
  readonly index: number;
  readonly uuid: string;
}

export async function findGpus(env: NodeJS.ProcessEnv): Promise<Gpus> {
  const slots = await findSlots(env);
  return slots.length === 0
    ? { indices: [virtualSlot(env).index], virtual: true }
    : { indices: slots.map(({ index }) => index), virtual: false };
}

/**
 * In this order: `PIPE_GPUS` (a count such as `2`, or indices such as `0,2` or `3,`), the entries
 * of `CUDA_VISIBLE_DEVICES`, all GPUs that `nvidia-smi` finds. If there are none, `virtualSlot`
 * represents the machine.
 */
export async function findSlots(env: NodeJS.ProcessEnv): Promise<readonly Slot[]> {
  const { PIPE_GPUS: given, CUDA_VISIBLE_DEVICES: visible } = env;
  const names = given
    ? parseGpus(given).map(String)
    : visible === undefined
      ? undefined
      : entriesOf(visible);
  // No GPU may be used, so there is no need to query.
  if (names !== undefined && names.length === 0) return [];
  found ??= askNvidiaSmi(env);
  const gpus = await found;
  const slots = (names ?? gpus.map(({ index }) => String(index))).map((name, place) =>
    slotOf(name, place, gpus, env),
  );
  return [...new Map(slots.map((slot) => [slot.key, slot])).values()];
}

/** Without a GPU, items that request one use this slot one after the other. */
export function virtualSlot(env: NodeJS.ProcessEnv): Slot {
  return { index: 0, name: '0', key: localKey('none', env) };
}

export function parseGpus(text: string): number[] {
  if (/^\s*\d+\s*$/.test(text)) return Array.from({ length: Number(text) }, (_, index) => index);
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (parts.length === 0 || !parts.every((part) => /^\d+$/.test(part)))
    throw userError(
      'gpus-variable',
      `"${text}" is not a valid value for PIPE_GPUS`,
      'give a count, such as 2, or indices, such as 0,2 (a single index ends in a comma: 3,)',
    );
  return [...new Set(parts.map(Number))];
}

/** Reads the variable as CUDA does: up to the first entry that is not a valid GPU, such as `-1`. */
function entriesOf(visible: string): readonly string[] {
  const entries = visible.split(',').map((each) => each.trim());
  const end = entries.findIndex((each) => !/^(?:\d+|(?:GPU|MIG)-.+)$/.test(each));
  return end < 0 ? entries : entries.slice(0, end);
}

function slotOf(
  name: string,
  place: number,
  gpus: readonly FoundGpu[],
  env: NodeJS.ProcessEnv,
): Slot {
  const gpu = gpus.find(
    ({ index, uuid }) => String(index) === name || (name.length > 4 && uuid.startsWith(name)),
  );
  const uuid = gpu?.uuid ?? (UUID.test(name) ? name : undefined);
  const index = gpu?.index ?? (/^\d+$/.test(name) ? Number(name) : place);
  return { index, name, key: uuid ?? localKey(name, env) };
}

const UUID = /^(?:GPU|MIG)-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** An entry means the same in all processes of a host, unless an allocator numbers GPUs per job. */
function localKey(name: string, env: NodeJS.ProcessEnv): string {
  const job = jobIn(env)?.id;
  return [hostname(), ...(job === undefined ? [] : [`job ${job}`]), name].join(' ');
}

async function askNvidiaSmi(env: NodeJS.ProcessEnv): Promise<readonly FoundGpu[]> {
  const query = ['--query-gpu=index,uuid', '--format=csv,noheader'];
  try {
    const options = { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' as const };
    return parseList((await promisify(execFile)('nvidia-smi', query, options)).stdout);
  } catch (error) {
    if (isPassing(error)) throw error;
    return []; // No such program, or no driver: no GPU.
  }
}

/** Lines such as `0, GPU-5d2c…`. */
function parseList(text: string): FoundGpu[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+),\s*(\S+)/.exec(line);
    return match ? [{ index: Number(match[1]), uuid: match[2] ?? '' }] : [];
  });
}
