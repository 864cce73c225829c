/** The members of a team that are other threads: requests from the first, and their answers. */
import { parentPort, type Worker } from 'node:worker_threads';
import { Member, type SharedMemory } from './member.js';
import type { Entry } from './shard.js';
import type { Objective } from './step.js';
import type { Values } from './values.js';

/** What another thread needs to become a member. */
export interface MemberInput {
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly memory: SharedMemory;
}

/** Makes this thread a member. */
export function serveMember(
  { index, entries, memory }: MemberInput,
  objectiveOf: (recipe: unknown) => Objective,
): void {
  const member = new Member(index, entries, memory, objectiveOf);
  const asked: Served = {
    load: (...args) => member.load(...args),
    compute: (shards) => member.compute(shards),
    squares: (shares) => member.squares(shares),
    // Losses are the first member's.
    update: (...args) => void member.update(...args),
    store: () => member.store(),
  };
  parentPort!.on('message', ({ name, args }: Request) => {
    const call = asked[name] as (...args: readonly unknown[]) => unknown;
    parentPort!.postMessage(call(...args));
  });
}

/** What the first member asks of another. */
type Served = Pick<Member, 'load' | 'compute' | 'squares' | 'store'> & {
  update(...args: Parameters<Member['update']>): void;
};

interface Request {
  readonly name: keyof Served;
  readonly args: readonly unknown[];
}

export type Helper = {
  readonly [Name in keyof Served]: (
    ...args: Parameters<Served[Name]>
  ) => Promise<ReturnType<Served[Name]>>;
} & { close(): Promise<void> };

export function helperOf(worker: Worker): Helper {
  /** Answers come in the order of the requests. */
  const waiting: { resolve(answer: unknown): void; reject(error: unknown): void }[] = [];
  let failure: unknown;
  worker.on('message', (answer: unknown) => waiting.shift()?.resolve(answer));
  const fail = (error: unknown) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`a thread that computes shards ended: code ${code}`)));
  const ask = (name: keyof Served, args: readonly unknown[], given: ArrayBuffer[] = []) => {
    if (failure !== undefined) return Promise.reject(failure);
    return new Promise<never>((resolve, reject) => {
      waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
      worker.postMessage({ name, args } satisfies Request, given);
    });
  };
  return {
    load: (...args) => ask('load', args),
    // The images move to the thread, instead of a copy of them.
    compute: (shards) => ask('compute', [shards], shards.flatMap(buffersOf)),
    squares: (shares) => ask('squares', [shares]),
    update: (...args) => ask('update', args),
    store: () => ask('store', []),
    async close() {
      await worker.terminate();
    },
  };
}

function buffersOf({ values }: { readonly values: Values }): ArrayBuffer[] {
  return Object.values(values.arrays).map((array) => array.values.buffer as ArrayBuffer);
}
