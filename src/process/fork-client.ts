/**
 * Starts commands, many of them through a fork server. A fork copies the page tables of its process, and Node
 * waits for that and for the start of the program: 1.7 ms in a runner that has planned 1,000 items. The server
 * is small, and works beside the runner.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { HAS_PROC } from '../sys/proc.js';
import type { Answer, StartRequest } from './fork-server.js';
import { countReaped, forgetReaped } from './meter.js';
import type { Group } from './orphans.js';
import { killMarked, MARK, newMark, ownPart, send } from './process-marks.js';
import {
  type Launched,
  type LaunchOptions,
  launch,
  noteLeader,
  type RawEnd,
  unstarted,
} from './spawn.js';

/** The server takes as long to start as it saves in so many launches. */
const FEW = 32;

const IDLE_MS = 1_000;

/** The end of a process whose server was killed. */
const KILLED: RawEnd = { signal: 'SIGKILL' };

let launches = 0;
let server: ForkServer | undefined;

/** Like `launch`; through the server once there are many, if `file` names the server's program. */
export async function launchCommand(
  argv: readonly string[],
  options: LaunchOptions,
  file: string | undefined,
): Promise<Launched> {
  const { output } = options;
  if (!HAS_PROC || file === undefined || output === 'pipe' || ++launches <= FEW)
    return launch(argv, options);
  server ??= new ForkServer(file);
  return (await server.launch(argv, options, output)) ?? launch(argv, options);
}

/** As if many commands had been launched already. */
export function useForkServer(): void {
  launches = FEW;
}

interface Job {
  readonly mark: string;
  /** Undefined: it did not start, and may be started elsewhere. */
  readonly settle: (launched: Launched | undefined) => void;
  end: ((end: RawEnd) => void) | undefined;
}

class ForkServer {
  readonly #process: ChildProcess;
  readonly #mark = newMark(process.env, 'fork-server');
  readonly #jobs = new Map<number, Job>();
  #isReady = false;
  #last = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string) {
    // Small, so that its forks stay quick.
    this.#process = spawn(process.execPath, ['--max-semi-space-size=1', file], {
      // The mark lets the next run end it with the other processes of a killed runner.
      env: { ...process.env, NODE_OPTIONS: '', [MARK]: this.#mark },
      // Ctrl-C in the terminal is for the runner, which then ends what it has started.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process
      .on('message', (answer: Answer) => this.#take(answer))
      .on('error', () => this.#startElsewhere())
      .once('exit', () => {
        this.#forget();
        forgetReaped();
      })
      // By now, all its answers have been read.
      .once('close', () => (this.#isReady ? this.#kill() : this.#startElsewhere()));
    this.#process.unref();
    this.#process.channel?.unref();
    process.once('beforeExit', this.#close);
  }

  launch(
    argv: readonly string[],
    { cwd, env }: LaunchOptions,
    log: number,
  ): Promise<Launched | undefined> {
    const id = ++this.#last;
    const output = `/proc/${process.pid}/fd/${log}`;
    clearTimeout(this.#idle);
    // Someone waits for the answers.
    this.#process.channel?.ref();
    const launched = new Promise<Launched | undefined>((settle) => {
      this.#jobs.set(id, { mark: env[MARK] ?? '', settle, end: undefined });
    });
    const request: StartRequest = { id, argv, cwd, env, output };
    // In case somebody has stopped it.
    if (this.#process.pid !== undefined) send(this.#process.pid, 'SIGCONT');
    // If this fails, the server has ended.
    this.#process.send(request, () => undefined);
    return launched;
  }

  #take(answer: Answer): void {
    if ('ready' in answer) this.#isReady = true;
    else if ('started' in answer) this.#started(answer.started, answer.leader);
    else if ('refused' in answer) this.#remove(answer.refused)?.settle(undefined);
    else {
      countReaped(answer.ticks);
      for (const { id, end } of answer.ended) ended(this.#remove(id), end);
    }
  }

  #started(id: number, leader: Group): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    const end = new Promise<RawEnd>((resolve) => {
      job.end = resolve;
    });
    noteLeader(leader.pid, end);
    job.settle({ leader, stdout: null, stderr: null, ended: end });
  }

  #remove(id: number): Job | undefined {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (this.#jobs.size === 0) {
      this.#process.channel?.unref();
      this.#idle = setTimeout(this.#close, IDLE_MS).unref();
    }
    return job;
  }

  /** No process is left when this one has ended. */
  readonly #close = (): void => {
    this.#forget();
    this.#process.disconnect();
    this.#process.ref();
  };

  #startElsewhere(): void {
    this.#forget();
    for (const job of this.#rest()) job.settle(undefined);
  }

  /** Nobody can see their end, and the server may have died while it started one of them. */
  async #kill(): Promise<void> {
    const jobs = this.#rest();
    if (jobs.length === 0) return;
    await killMarked([this.#mark, ...jobs.map(({ mark }) => mark)].map(ownPart));
    for (const job of jobs) ended(job, KILLED);
  }

  /** The jobs whose end it has not told. */
  #rest(): readonly Job[] {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    return jobs;
  }

  #forget(): void {
    clearTimeout(this.#idle);
    process.off('beforeExit', this.#close);
    if (server !== this) return;
    server = undefined;
    launches = 0;
  }
}

function ended(job: Job | undefined, end: RawEnd): void {
  if (job?.end !== undefined) job.end(end);
  else job?.settle(unstarted(end));
}
