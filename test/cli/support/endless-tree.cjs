/**
 * Loaded before the command: the folder `endless` holds its own folders in each of them, down to a depth
 * that no walk gets done with. From the moment that `endless.on` lies beside it. With ENDLESS_TELLS it says when it is walked.
 */
const fs = require('node:fs');

const DEPTH = 12;
const read = fs.readdirSync;

fs.readdirSync = (folder, options) => {
  const [top, below] = String(folder).split(/(?<=\/endless)\//);
  if (below === undefined || !fs.existsSync(`${top}.on`)) return read(folder, options);
  if (process.env.ENDLESS_TELLS && below === '1') fs.writeSync(2, 'walking\n');
  return below.split('/').length < DEPTH ? read(top, options) : [];
};
require('node:module').syncBuiltinESMExports();
