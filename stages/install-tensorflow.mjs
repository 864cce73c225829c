/**
 * Installs @tensorflow/tfjs-node with TensorFlow's C library out of a wheel of PyPI, and compiles its addon:
 *
 *   node stages/install-tensorflow.mjs [--gpu] [--version 2.15.1] [--wheel file.whl] [--python python3]
 *
 * For machines that do not reach the host of the package's own library, or run Node without its prebuilt
 * addon. It needs pip, g++ and x86-64 Linux. `npm ci` removes all of it again.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** As packages/networks/package.json has it: the backends accept no other version. */
const VERSION = '4.22.0';
const { values } = parseArgs({
  options: {
    gpu: { type: 'boolean', default: false },
    version: { type: 'string', default: '2.15.1' },
    wheel: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});
const name = `@tensorflow/tfjs-node${values.gpu ? '-gpu' : ''}`;
const folder = path.resolve('node_modules', name);
const work = mkdtempSync(path.join(tmpdir(), 'tensorflow-'));

try {
  if (!existsSync(folder))
    run('npm', [
      'install',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `${name}@${VERSION}`,
    ]);
  unpack(values.wheel ?? download());
  compile();
} finally {
  rmSync(work, { recursive: true, force: true });
}
const report = `const tf = require(${JSON.stringify(name)}); console.log('TensorFlow ' + tf.backend().binding.TF_Version + (tf.backend().isUsingGpuDevice ? ', on a GPU' : ', on the CPU'))`;
run(process.execPath, ['-e', report]);

/** The wheel of any Python version: only its library and its headers are used. */
function download() {
  const wheel = `${values.gpu ? 'tensorflow' : 'tensorflow-cpu'}==${values.version}`;
  const platforms = ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
  run(values.python, [
    ...[
      '-m',
      'pip',
      'download',
      '-q',
      '--no-deps',
      '--only-binary=:all:',
      '--python-version',
      '3.11',
    ],
    ...platforms.flatMap((platform) => ['--platform', platform]),
    ...['-d', work, wheel],
  ]);
  const file = readdirSync(work).find((each) => each.endsWith('.whl'));
  if (file === undefined) throw new Error(`pip downloaded no wheel of ${wheel}`);
  return path.join(work, file);
}

function unpack(wheel) {
  const wanted = [
    'libtensorflow',
    'include/tensorflow/c/',
    'include/tensorflow/core/platform/',
    'include/tsl/',
    'include/xla/tsl/',
  ];
  const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = [n for n in wheel.namelist() if n.startswith(tuple('tensorflow/' + w for w in sys.argv[3:]))]
    wheel.extractall(sys.argv[2], names)
`;
  run(values.python, ['-c', script, wheel, work, ...wanted]);
  const [from, deps] = [path.join(work, 'tensorflow'), path.join(folder, 'deps')];
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(path.join(deps, 'lib'), { recursive: true });
  for (const file of readdirSync(from).filter((each) => each.startsWith('libtensorflow'))) {
    move(path.join(from, file), path.join(deps, 'lib', file));
  }
  move(path.join(from, 'include'), path.join(deps, 'include'));
}

/** Across file systems too. */
function move(from, to) {
  run('mv', [from, to]);
}

/** Two files on Node-API: neither node-gyp nor a script of npm is needed. */
function compile() {
  const headers = path.join(path.dirname(path.dirname(process.execPath)), 'include/node');
  if (!existsSync(path.join(headers, 'node_api.h'))) {
    throw new Error(`${headers} has no node_api.h: install the headers of Node ${process.version}`);
  }
  const [deps, lib] = [path.join(folder, 'deps'), path.join(folder, 'lib/napi-v8')];
  mkdirSync(lib, { recursive: true });
  run('g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...[headers, path.join(deps, 'include'), path.dirname(folder)].map((each) => `-I${each}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((each) => path.join(folder, 'binding', each)),
    ...['-o', path.join(lib, 'tfjs_binding.node'), `-L${path.join(deps, 'lib')}`],
    ...[
      '-l:libtensorflow_cc.so.2',
      '-l:libtensorflow_framework.so.2',
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ],
  ]);
}

function run(command, args) {
  execFileSync(command, args, { stdio: 'inherit' });
}
