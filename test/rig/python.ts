/** Python for the tests of python/: which interpreter, and the package on its path. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds the package pipe_run. */
export const PACKAGE = fileURLToPath(new URL('../../python', import.meta.url));

/** The interpreter of a virtual environment, if PIPE_TEST_PYTHON names its folder. */
const venv = process.env.PIPE_TEST_PYTHON;

/**
 * The variables that a stage needs to run `python3` and import pipe_run without an installation.
 */
export function pythonEnvironment(): Record<string, string> {
  const own = { PYTHONPATH: PACKAGE, KERAS_BACKEND: 'torch' };
  return venv === undefined
    ? own
    : { ...own, PATH: `${path.join(venv, 'bin')}:${process.env.PATH}` };
}

/** Whether all of these modules can be imported. Without a module: whether there is Python 3.9 or newer. */
export function hasPython(...modules: readonly string[]): boolean {
  const find = modules.map((name) => `assert util.find_spec("${name}"), "${name}"`);
  const script = ['import sys', 'from importlib import util', 'assert sys.version_info >= (3, 9)'];
  const env = { ...process.env, ...pythonEnvironment() };
  const args = ['-c', [...script, ...find].join('\n')];
  return spawnSync('python3', args, { env }).status === 0;
}
