/** The members of a team that are other threads: requests from the first, and their answers. */
import { parentPort, type Worker } from 'node:worker_threads';
import { Member, type SharedMemory } from './member.js';
import type { Entry } from './shard.js';
import type { Objective } from './step.js';

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
    load: (...order) => member.load(...order),
    compute: (shards) => member.compute(shards),
    squares: (shares) => member.squares(shares),
    // Losses are the first member's.
    update: (...order) => void member.update(...order),
    store: () => member.store(),
  };
  parentPort!.on('message', ({ name, order }: Request) => {
    const call = asked[name] as (...order: readonly unknown[]) => unknown;
    parentPort!.postMessage(call(...order));
  });
}

/** What the first member asks of another. */
type Served = Pick<Member, 'load' | 'compute' | 'squares' | 'store'> & {
  update(...order: Parameters<Member['update']>): void;
};

interface Request {
  readonly name: keyof Served;
  readonly order: readonly unknown[];
}

export type Helper = {
  readonly [Name in keyof Served]: (
    ...order: Parameters<Served[Name]>
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
  const ask =
    (name: keyof Served) =>
    (...order: readonly unknown[]) => {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise<never>((resolve, reject) => {
        waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
        worker.postMessage({ name, order } satisfies Request);
      });
    };
  return {
    load: ask('load'),
    compute: ask('compute'),
    squares: ask('squares'),
    update: ask('update'),
    store: ask('store'),
    async close() {
      await worker.terminate();
    },
  };
}
