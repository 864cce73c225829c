/**
 * For a process that loads this first: counts its operations on a shared folder, and at the one with a
 * given number kills the process, or lets this and all later ones fail as on a disk that is gone.
 */
const fs = require('node:fs/promises');

const { PIPE_TEST_STORE: store, PIPE_TEST_STEP: at, PIPE_TEST_STEP_ENDS: how } = process.env;
const isOurs = (file) => typeof file === 'string' && file.startsWith(store);
let steps = 0;

for (const name of ['copyFile', 'link', 'mkdir', 'readFile', 'rename', 'rm', 'stat', 'writeFile']) {
  const act = fs[name];
  fs[name] = async (...args) => {
    if (!args.some(isOurs) || ++steps < Number(at)) return act(...args);
    if (how === 'fails')
      throw Object.assign(new Error(`EIO: planned, ${name} '${args[0]}'`), { code: 'EIO' });
    // Half of what it was to write is there.
    if (name === 'writeFile') await act(args[0], args[1].subarray(0, args[1].length / 2));
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  };
}
require('node:module').syncBuiltinESMExports();
