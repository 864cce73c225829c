/** A file system without hard links, for a process that loads this first: every link fails with this code. */
const fs = require('node:fs');

const code = process.env.PIPE_TEST_NO_LINKS;

fs.linkSync = (from, to) => {
  // The system looks first whether the name is free.
  const reason = fs.lstatSync(to, { throwIfNoEntry: false }) === undefined ? code : 'EEXIST';
  throw Object.assign(new Error(`${reason}: planned, link '${from}' -> '${to}'`), {
    code: reason,
    syscall: 'link',
  });
};
require('node:module').syncBuiltinESMExports();
