/** The committed binaries of our own kernels match their sources. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../../packages/kernels/native/', import.meta.url));
const MODULES = ['compute', 'fills'];
const VERSION = '0.17.1';

const venv = process.env.PIPE_TEST_PYTHON;
const python = venv === undefined ? 'python3' : join(venv, 'bin/python');
const isInstalled = compilerVersion() === VERSION;

function compilerVersion(): string | undefined {
  try {
    const quiet = { stdio: ['ignore', 'pipe', 'ignore'] as ('ignore' | 'pipe')[] };
    return execFileSync(python, ['-m', 'ziglang', 'version'], quiet).toString().trim();
  } catch {
    return undefined; // no Python, or no compiler: the name says that it is skipped
  }
}

test('wasm.sha256 has the digests of sources and binaries: build.mjs ran after each edit', () => {
  const lines = readFileSync(join(FOLDER, 'wasm.sha256'), 'utf8').trim().split('\n');
  const names = MODULES.flatMap((name) => [`${name}.c`, `../wasm/${name}.wasm`]);
  expect(lines.map((line) => line.split('  ')[1])).toEqual(names);
  for (const line of lines) {
    const [digest, name] = line.split('  ') as [string, string];
    const bytes = readFileSync(join(FOLDER, name));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest);
  }
});

describe.skipIf(!isInstalled)(`ziglang ${VERSION}${isInstalled ? '' : ', not installed'}`, () => {
  test('the compiler gives exactly the committed binaries', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipe-native-'));
    try {
      execFileSync(process.execPath, [join(FOLDER, 'build.mjs'), python, folder]);
      for (const name of MODULES) {
        const committed = readFileSync(join(FOLDER, `../wasm/${name}.wasm`));
        expect(readFileSync(join(folder, `${name}.wasm`)).equals(committed)).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
