/** The test rig: a project in a temporary folder, and the real command in it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ItemDone, RunDone, RunEvent, Verdict } from '../../src/event.js';

if (process.env.PIPE_TEST_PROJECT === 'unit')
  throw new Error(
    'this test uses the built command, and unit tests run without a build: name it in NOT_UNIT of vitest.config.ts',
  );

/** The real command. */
export const BIN = fileURLToPath(new URL('../../bin/pipe.cjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A command that is still running. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** The end of what it wrote so far, for messages. */
  told(): string;
  /** Resolves when the events so far satisfy the condition; rejects when the command ends before. */
  events(satisfy: (events: readonly RunEvent[]) => boolean): Promise<void>;
  /** Resolves when what it wrote on stderr so far satisfies the condition. */
  errorText(satisfies: (text: string) => boolean): Promise<void>;
  /** Resolves when what it printed satisfies the condition; rejects when the command ends before. */
  text(satisfies: (out: string) => boolean): Promise<void>;
  /** Resolves with the first event that matches; rejects when the command ends without one. */
  event(matches: (event: RunEvent) => boolean): Promise<RunEvent>;
}

export class Project {
  readonly root: string;
  readonly env: Record<string, string> = {};

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.root = mkdtempSync(path.join(tmpdir(), 'pipe-test-'));
    this.env.PIPE_RUNTIME_DIR = path.join(this.root, '.runtime');
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  path(name: string): string {
    return path.join(this.root, name);
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Lines of a file to which stages append to show that they ran; empty if there is no file. */
  lines(name: string): string[] {
    try {
      return this.read(name)
        .split('\n')
        .filter((line) => line !== '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  start(...args: string[]): Running {
    return startIn(this.root, this.env, args);
  }

  /** Runs the command to its end. */
  pipe(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** `pipe run --json …`, its events read. */
  async run(...args: string[]): Promise<RunOutcome> {
    const ended = await this.pipe('run', '--json', ...args);
    return { ...ended, ...outcomeOf(ended.out) };
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface RunOutcome extends Ended {
  readonly events: readonly RunEvent[];
  readonly items: Readonly<Record<string, ItemDone>>;
  readonly summary: RunDone | undefined;
  /** Names of the items with a verdict, in plan order. */
  with(verdict: Verdict): string[];
}

export function outcomeOf(out: string): Omit<RunOutcome, keyof Ended> {
  const events = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
  const done = events.filter((event) => event.type === 'item');
  const order = events.find((event) => event.type === 'run')?.items ?? [];
  const items = Object.fromEntries(done.map((event) => [event.item, event]));
  return {
    events,
    items,
    summary: events.find((event) => event.type === 'summary'),
    with: (verdict) => order.filter((item) => items[item]?.verdict === verdict),
  };
}

/** The environment of a command: ours, and the project's variables. */
export function surroundings(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const {
    CI: _ci,
    FORCE_COLOR: _color,
    NODE_EXTRA_CA_CERTS: _certificates,
    npm_command: _npm,
    ...inherited
  } = process.env;
  return { ...inherited, ...own };
}

export function startIn(
  cwd: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: surroundings(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const events = eventReader(() => out);
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  /** Resolves when the condition holds; rejects when the command ends before. */
  const when = (condition: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended before it was so:\n${out}${err}`)));
    });
  return {
    pid: child.pid as number,
    ended,
    kill: (signal) => void child.kill(signal),
    told: () => `${out.slice(-3000)}\n${err.slice(-1000)}`,
    event: async (matches) => {
      const first = () => events().find(matches);
      await when(() => first() !== undefined);
      return first() as RunEvent;
    },
    events: (satisfy) => when(() => satisfy(events())),
    text: (satisfies) => when(() => satisfies(out)),
    errorText: (satisfies) => when(() => satisfies(err)),
  };
}

/** The events of the complete lines so far; each line is read once. */
function eventReader(output: () => string): () => readonly RunEvent[] {
  const events: RunEvent[] = [];
  let read = 0;
  return () => {
    const out = output();
    const end = out.lastIndexOf('\n') + 1;
    if (end > read) events.push(...outcomeOf(out.slice(read, end)).events);
    read = Math.max(read, end);
    return events;
  };
}
