/** Resource queue: passes a job to p-queue only when its cores, memory and GPUs are free. */
import type { Queue, QueueAddOptions } from 'p-queue';
import { firstIndex } from '../lists.js';
import type { Resources } from '../pipeline/plan.js';

type Job = () => Promise<unknown>;

interface JobOptions extends QueueAddOptions {
  readonly need: Resources;
}

interface Waiting {
  readonly job: Job;
  readonly priority: number;
  readonly need: Resources;
}

/**
 * A p-queue queue over a machine's cores, memory and GPUs. It reports as its size the number of jobs
 * that may start *now*, so p-queue never dequeues one that does not fit, and tries again whenever a
 * job ends. Among those that fit, the highest priority starts first, then the oldest.
 */
class ResourceQueue implements Queue<Job, JobOptions> {
  /** Jobs by need. There are few different needs, so checking the head of each list is fast. */
  readonly #lists = new Map<string, Waiting[]>();
  #free: Resources;
  readonly #capacity: Resources;

  constructor(capacity: Resources) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  get size(): number {
    return this.#next() === undefined ? 0 : 1;
  }

  enqueue(job: Job, options?: Partial<JobOptions>): void {
    const need = this.#clamp(options?.need ?? { cpu: 1, memory: 0, gpu: 0 });
    const shape = `${need.cpu} ${need.memory} ${need.gpu}`;
    const list = this.#lists.get(shape);
    const waiting = { job, priority: options?.priority ?? 0, need };
    if (list === undefined) this.#lists.set(shape, [waiting]);
    else {
      // After all jobs of the same or a higher priority.
      const at = firstIndex(list.length, (index) => list[index]!.priority >= waiting.priority);
      list.splice(at, 0, waiting);
    }
  }

  dequeue(): Job | undefined {
    const list = this.#next();
    const waiting = list?.shift();
    if (waiting === undefined) return undefined;
    this.#take(waiting.need, -1);
    return waiting.job;
  }

  /** Frees what a job held. Call before p-queue selects the next job. */
  release(need: Resources): void {
    this.#take(this.#clamp(need), +1);
  }

  filter(options: Readonly<Partial<JobOptions>>): Job[] {
    const priority = options.priority;
    return [...this.#lists.values()]
      .flat()
      .filter((each) => priority === undefined || each.priority === priority)
      .map((each) => each.job);
  }

  setPriority(): void {
    throw new Error('the priority of a job is set when it is added');
  }

  /** The list whose head starts next. */
  #next(): Waiting[] | undefined {
    let best: Waiting[] | undefined;
    for (const list of this.#lists.values()) {
      const head = list[0];
      if (head === undefined || !this.#fits(head.need)) continue;
      if (best === undefined || head.priority > (best[0]?.priority ?? 0)) best = list;
    }
    return best;
  }

  #fits(need: Resources): boolean {
    return (
      need.cpu <= this.#free.cpu && need.memory <= this.#free.memory && need.gpu <= this.#free.gpu
    );
  }

  #take(need: Resources, sign: 1 | -1): void {
    this.#free = {
      cpu: this.#free.cpu + sign * need.cpu,
      memory: this.#free.memory + sign * need.memory,
      gpu: this.#free.gpu + sign * need.gpu,
    };
  }

  /** A job that needs more cores or memory than the machine has runs alone instead of never. */
  #clamp(need: Resources): Resources {
    const { cpu, memory, gpu } = this.#capacity;
    const isExcessive = need.cpu > cpu || need.memory > memory;
    return { ...(isExcessive ? { cpu, memory } : need), gpu: Math.min(need.gpu, gpu) };
  }
}

export interface JobQueue {
  /** Starts the job as soon as its resources are free. */
  add(
    job: () => Promise<void>,
    options: { readonly need: Resources; readonly priority: number },
  ): Promise<void>;
  /** Resolves when nothing runs and nothing waits. */
  onIdle(): Promise<void>;
  /** Calls the listener after each job, once the queue has selected the next one. */
  onNext(listener: () => void): void;
}

export async function createJobQueue(capacity: Resources): Promise<JobQueue> {
  const { default: PQueue } = await import('p-queue');
  const made: ResourceQueue[] = [];
  // p-queue creates its queue itself. This one registers itself, so that jobs can free their
  // resources.
  class OnThisMachine extends ResourceQueue {
    constructor() {
      super(capacity);
      made.push(this);
    }
  }
  const queue = new PQueue<ResourceQueue, JobOptions>({
    queueClass: OnThisMachine,
    concurrency: Number.POSITIVE_INFINITY,
  });
  const resources = made[0] as ResourceQueue;
  return {
    add: (job, { need, priority }) =>
      queue.add(
        async () => {
          try {
            await job();
          } finally {
            resources.release(need);
          }
        },
        { need, priority },
      ),
    onIdle: () => queue.onIdle(),
    onNext: (listener) => void queue.on('next', listener),
  };
}
