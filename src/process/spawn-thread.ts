/**
 * Starts processes from a thread of this process. A fork copies page tables for 1 to 2 ms, in which the
 * main thread can decide and record other items.
 */
import type { SpawnOptions } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { isAddressSpaceLimited } from '../sys/proc.js';
import type { RawEnd } from './outcome.js';

/** For fewer starts, the thread costs more than it saves. */
const FEW = 8;

interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
}

/** Undefined `pid`: the start failed, and `ended` gives the reason. */
interface Started {
  readonly pid: number | undefined;
  readonly ended: Promise<RawEnd>;
}

/** What the thread says about the start with this number: its pid if it succeeded, then its end. */
interface Report {
  readonly id: number;
  readonly pid?: number;
  readonly end?: RawEnd;
}

interface Waiting {
  readonly onStart: (pid: number | undefined) => void;
  readonly onEnd: (end: RawEnd) => void;
}

let starts = 0;
/** Undefined until it is ready. */
let thread: Worker | undefined;
const waiting = new Map<number, Waiting>();

/** Undefined if the caller must start it: the thread is not ready, or not worth its cost. */
export function startInThread(start: Start): Promise<Started> | undefined {
  const id = ++starts;
  if (id === FEW) openThread();
  if (thread === undefined) return undefined;
  // Keeps this process running until all children have ended.
  if (waiting.size === 0) thread.ref();
  thread.postMessage({ id, ...start });
  return new Promise((resolve) => {
    const ended = new Promise<RawEnd>((onEnd) => {
      waiting.set(id, { onStart: (pid) => resolve({ pid, ended }), onEnd });
    });
  });
}

function openThread(): void {
  // V8 reserves address space for each thread, and aborts the process if there is too little.
  if (isAddressSpaceLimited()) return;
  let opening: Worker;
  try {
    // Without the variables and options of this process, which may load modules into each thread.
    opening = new Worker(THREAD, { eval: true, env: {}, execArgv: [] });
  } catch (error) {
    doWithout(error as NodeJS.ErrnoException);
    return;
  }
  opening.on('error', doWithout);
  opening.on('message', take);
  opening.once('online', () => {
    opening.unref();
    thread = opening;
  });
}

/** With a limit of the system on threads or open files, all processes start from the main thread. */
function doWithout(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EAGAIN' && error.code !== 'ERR_WORKER_INIT_FAILED') throw error;
}

function take({ id, pid, end }: Report): void {
  const { onStart, onEnd } = waiting.get(id) as Waiting;
  onStart(pid);
  if (end === undefined) return;
  waiting.delete(id);
  if (waiting.size === 0) thread?.unref();
  onEnd(end);
}

/** Source text, so that the thread needs no file in dist/. An error keeps only its message when it is sent. */
const THREAD = `
const { spawn } = require('node:child_process');
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, program, args, options }) => {
  const over = (end) => parentPort.postMessage({ id, end });
  const fail = ({ code, message }) => over({ error: { code, message } });
  try {
    const child = spawn(program, args, options);
    if (child.pid !== undefined) parentPort.postMessage({ id, pid: child.pid });
    child.once('error', fail);
    child.once('exit', (code, signal) => over(signal ? { signal } : { code: code ?? 0 }));
  } catch (error) {
    fail(error);
  }
});
`;
