/**
 * Compiles compute.c to ../wasm/compute.wasm, and writes the digests of both to compute.sha256:
 *
 *   python3 -m pip install ziglang==0.17.1   # the C compiler; any other version may give other bytes
 *   node packages/kernels/native/build.mjs [python [output]]   # with an output: only that file
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('compute.c', import.meta.url));
const BINARY = fileURLToPath(new URL('../wasm/compute.wasm', import.meta.url));

const [python = 'python3', output] = process.argv.slice(2);
compile(output ?? BINARY);
if (output === undefined) writeFileSync(new URL('compute.sha256', import.meta.url), digests());

/**
 * No contraction: a·b + c is rounded twice everywhere. No stack: it would lie in the memory of the
 * backend, so code that needs one traps when it first runs.
 */
function compile(to) {
  const target = ['-target', 'wasm32-freestanding', '-mcpu=generic+simd128'];
  const code = ['-O3', '-ffp-contract=off', '-Wall', '-Wextra', '-Werror'];
  const link = ['-nostdlib', '-s', '-Wl,--no-entry', '-Wl,--import-memory', '-Wl,-z,stack-size=0'];
  const args = ['-m', 'ziglang', 'cc', ...target, ...code, ...link, '-o', to, SOURCE];
  execFileSync(python, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  chmodSync(to, 0o644);
}

/** As `sha256sum --check` reads it, in this folder. */
function digests() {
  const line = (name, file) =>
    `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${name}\n`;
  return line('compute.c', SOURCE) + line('../wasm/compute.wasm', BINARY);
}
