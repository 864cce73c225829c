/**
 * Compiles compute.c and fills.c to ../wasm/, and writes the digests of sources and binaries to wasm.sha256:
 *
 *   python3 -m pip install ziglang==0.17.1   # the C compiler; any other version may give other bytes
 *   node packages/kernels/native/build.mjs [python [folder]]   # with a folder: only the binaries, there
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const BINARIES = fileURLToPath(new URL('../wasm/', import.meta.url));

/**
 * The kernels work in the memory of the backend. A stack would lie in it, so there is none: code that needs
 * one traps when it first runs. The fills have a memory of their own.
 */
const MODULES = {
  compute: ['-Wl,--import-memory', '-Wl,-z,stack-size=0'],
  fills: ['-Wl,-z,stack-size=4096'],
};

const [python = 'python3', folder] = process.argv.slice(2);
for (const name of Object.keys(MODULES)) compile(name, folder ?? BINARIES);
if (folder === undefined) writeFileSync(join(SOURCES, 'wasm.sha256'), digests());

/** No contraction: a·b + c is rounded twice everywhere. */
function compile(name, to) {
  const target = ['-target', 'wasm32-freestanding', '-mcpu=generic+simd128'];
  const code = ['-O3', '-ffp-contract=off', '-Wall', '-Wextra', '-Werror'];
  const link = ['-nostdlib', '-s', '-Wl,--no-entry', ...MODULES[name]];
  const output = join(to, `${name}.wasm`);
  const args = ['-m', 'ziglang', 'cc', ...target, ...code, ...link, '-o', output];
  execFileSync(python, [...args, join(SOURCES, `${name}.c`)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  chmodSync(output, 0o644);
}

/** As `sha256sum --check` reads it, in this folder. */
function digests() {
  const names = Object.keys(MODULES).flatMap((name) => [`${name}.c`, `../wasm/${name}.wasm`]);
  const digest = (name) =>
    createHash('sha256')
      .update(readFileSync(join(SOURCES, name)))
      .digest('hex');
  return names.map((name) => `${digest(name)}  ${name}\n`).join('');
}
