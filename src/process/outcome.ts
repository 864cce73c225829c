/** Outcome of an execution, as data: a failed stage is a result, not an exception. */
import { type Usage, usageOfBoth } from '../sys/usage.js';

export type Ending =
  | { readonly how: 'exit'; readonly code: number }
  /** Ended by a signal that pipe did not send. */
  | { readonly how: 'signal'; readonly signal: string }
  /** Pipe stopped it after so many seconds. */
  | { readonly how: 'timeout'; readonly after: number }
  /** Pipe stopped it together with the run. */
  | { readonly how: 'stopped' }
  /** The program does not exist, or the system cannot start it. */
  | { readonly how: 'unstartable'; readonly message: string };

export interface Outcome {
  readonly ending: Ending;
  /** Wall time. */
  readonly seconds: number;
  /** The last lines of its output, with secrets masked; empty after a success. */
  readonly tail: readonly string[];
  /** Processes that survived SIGKILL, such as one that hangs in a dead network folder. */
  readonly left: readonly number[];
  /** Undefined if the system does not report it, or if no process was started. */
  readonly usage?: Usage | undefined;
}

/** The outcome of the last of several starts, with the time and the usage of all. */
export function withEarlier(earlier: Outcome | undefined, last: Outcome): Outcome {
  if (earlier === undefined) return last;
  const usage = usageOfBoth(earlier.usage, last.usage);
  return { ...last, seconds: earlier.seconds + last.seconds, usage };
}

export function succeeded({ ending }: Outcome): boolean {
  return ending.how === 'exit' && ending.code === 0;
}

/** `exit code 1`, `killed by SIGSEGV`, `timed out after 2h`. */
export function describeEnding(ending: Ending): string {
  switch (ending.how) {
    case 'exit':
      return `exit code ${ending.code}`;
    case 'signal':
      return `killed by ${ending.signal}`;
    case 'timeout':
      return `timed out after ${duration(ending.after)}`;
    case 'stopped':
      return 'stopped';
    case 'unstartable':
      return ending.message;
    default:
      return ending satisfies never;
  }
}

/** Seconds as written in pipeline.yaml: `90s`, `1m30s`, `2h`. */
export function duration(seconds: number): string {
  if (seconds < 60 || !Number.isInteger(seconds)) return `${seconds}s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ];
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join('');
}
