/**
 * Faults in the file system: counts every call that this process makes below a folder, and makes
 * one of them fail. Install it before importing the code under test.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Thrown where a killed process would have ended: this call and all that follow have no effect. */
export class Killed extends Error {}

export type Fault =
  /** The process is killed in the call: of a write, half of the bytes are written. */
  | { readonly kind: 'kill'; readonly at: number }
  /** The call fails. */
  | { readonly kind: 'fail'; readonly at: number; readonly code: string };

let watched: string | undefined;
let fault: Fault | undefined;
let calls = 0;
let dead = false;

export interface Ending {
  /** Calls that were made, or reached when it was killed. */
  readonly calls: number;
  readonly error: unknown;
  readonly killed: boolean;
}

/** Runs the work with a fault, and returns how it ended. */
export async function withFault(
  folder: string,
  planned: Fault | undefined,
  work: () => Promise<void>,
): Promise<Ending> {
  watched = folder;
  fault = planned;
  calls = 0;
  dead = false;
  let error: unknown;
  try {
    await work();
  } catch (thrown) {
    error = thrown;
  } finally {
    watched = undefined;
  }
  return { calls, error, killed: dead };
}

/** Wraps every function of node:fs. Without a fault, they behave as before. */
export function installFaults(): void {
  const api = fs as unknown as Record<string, unknown>;
  for (const name of Object.keys(api)) {
    const original = api[name];
    const isCall = typeof original === 'function' && /^[a-z]/.test(name);
    // Closing has no effect on what is stored, and a killed process closes all.
    if (!isCall || /^(close|watch|unwatch|createRead|createWrite|openAsBlob)/.test(name)) continue;
    const call = original as (...args: unknown[]) => unknown;
    const wrapped = name.endsWith('Sync') ? wrapSync(name, call) : wrapAsync(name, call);
    Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(call));
    api[name] = wrapped;
  }
  syncBuiltinESMExports();
}

type Call = (...args: unknown[]) => unknown;

function wrapSync(name: string, original: Call): Call {
  return (...args) => {
    const failure = strike(name, args, original);
    if (failure !== undefined) throw failure;
    return original(...args);
  };
}

function wrapAsync(name: string, original: Call): Call {
  return (...args) => {
    const failure = strike(name, args, undefined);
    if (failure === undefined) return original(...args);
    const callback = args.at(-1) as (error: Error) => void;
    setImmediate(() => callback(failure));
    return undefined;
  };
}

/** The error of this call; undefined if it should succeed. */
function strike(
  name: string,
  args: readonly unknown[],
  original: Call | undefined,
): Error | undefined {
  const [first] = args;
  if (watched === undefined) return undefined;
  if (typeof first !== 'number' && !String(first).startsWith(watched)) return undefined;
  if (dead) return new Killed(name);
  calls++;
  if (fault === undefined || calls !== fault.at) return undefined;
  if (fault.kind === 'kill') {
    if (name === 'writeSync')
      original?.(first, args[1], 0, Math.floor((args[1] as Uint8Array).length / 2));
    dead = true;
    return new Killed(name);
  }
  const error: NodeJS.ErrnoException = new Error(
    `${fault.code}: planned, ${name} '${String(first)}'`,
  );
  error.code = fault.code;
  error.syscall = name.replace(/Sync$/, '');
  if (typeof first === 'string') error.path = first;
  return error;
}
