/** Real processes for tests: scripts of fixtures/, bundled, and driven and read line by line. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const bundles = new Map<string, Promise<string>>();
const running = new Set<ChildProcess>();
let folder: string | undefined;

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
  bundles.clear();
});

/** A temp folder for the tests of one file. */
export function tempFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'pipe-test-'));
  return mkdtempSync(join(folder, 'case-'));
}

/** Bundles a TypeScript file of the repository for Node; the path of the bundle. */
export function bundled(entry: string): Promise<string> {
  let bundle = bundles.get(entry);
  if (!bundle) {
    bundle = bundleTo(entry, join(tempFolder(), 'bundle.mjs'));
    bundles.set(entry, bundle);
  }
  return bundle;
}

async function bundleTo(entry: string, outfile: string): Promise<string> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    sourcemap: 'inline',
    // Bundles packages too, because there are none at its location; some of them need `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return outfile;
}

/** A running script. */
export interface Script {
  readonly pid: number;
  /** The next line of its output; undefined when it has ended. */
  line(): Promise<string | undefined>;
  /** Writes a line to its input. */
  tell(line: string): void;
  /** Kills it and waits until it is gone. */
  kill(): Promise<void>;
  /** Closes its input and waits for its end: the exit code. */
  end(): Promise<number | null>;
}

export async function startScript(
  name: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Script> {
  const bundle = await bundled(`test/process/fixtures/${name}.ts`);
  const child = spawn(process.execPath, ['--enable-source-maps', bundle, ...args], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  // Input to a process that was just killed is lost, as such a test expects.
  child.stdin.on('error', () => {});
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  void exited.then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid as number,
    line: async () => (await lines.next()).value as string | undefined,
    tell: (line) => void child.stdin.write(`${line}\n`),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    end: () => {
      child.stdin.end();
      return exited;
    },
  };
}

/**
 * Resolves with the text written to the fifo `ready` in the folder when it is closed. So a command
 * can signal to a test that it has reached a certain point or, by closing it, that it has ended.
 */
export async function fifo(folder: string, make = true, onData = () => {}): Promise<string> {
  const path = join(folder, 'ready');
  if (make) execFileSync('mkfifo', [path]);
  let text = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    text += chunk;
    onData();
  }
  return text;
}
