/**
 * Loaded before the command: makes one call of its process fail, the `at`-th of a kind. Stages are
 * processes of their own and have all their calls. Writes the number of calls of the kind at the end.
 * STRIKE is JSON: `{ kind, at, code, root, count }`.
 */
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const { kind, at, code, root, count } = JSON.parse(process.env.STRIKE);
delete process.env.STRIKE;
const paths = new Map();
const write = fs.writeFileSync;
let calls = 0;

function refusal(call, path) {
  calls += 1;
  if (calls !== at) return undefined;
  return Object.assign(new Error(`${code}: planned, ${call}`), { code, syscall: call, path });
}

/** Kinds that are a stream. */
const STREAMS = { stdout: 'stdout', json: 'stdout', stderr: 'stderr' };

const DELETIONS = /^(unlink|rm|rmdir)(Sync)?$/;
const WRITES =
  /^(write|writev|writeFile|appendFile|ftruncate|mkdir|rename|link|symlink|open|copyFile|f?sync|fdatasync|f?chmod|[fl]?utimes)(Sync)?$/;

/** The mode is in the last two bits of a number. */
function opensToRead(flags) {
  return typeof flags === 'number' ? (flags & 3) === 0 : typeof flags !== 'string' || flags === 'r';
}

function kindOf(path) {
  if (path.includes('/cache/logs/')) return 'log';
  return path.includes('/pipeline.lock') ? 'lock' : 'scratch';
}

/** The path that a call of this kind concerns; undefined when it is none. */
function concerned(name, args) {
  const path = typeof args[0] === 'number' ? paths.get(args[0]) : String(args[0]);
  if (path === undefined || !path.startsWith(root)) return undefined;
  if (kind === 'deletion') return DELETIONS.test(name) ? path : undefined;
  if (!WRITES.test(name)) return undefined;
  if (/^open/.test(name) && opensToRead(args[1])) return undefined;
  return kindOf(path) === kind ? path : undefined;
}

function wrap(name, call) {
  const isSync = name.endsWith('Sync');
  return (...args) => {
    const path = concerned(name, args);
    const error = path === undefined ? undefined : refusal(name.replace(/Sync$/, ''), path);
    if (error !== undefined) {
      if (isSync) throw error;
      setImmediate(() => args.at(-1)(error));
      return undefined;
    }
    const result = call(...args);
    if (name === 'openSync') paths.set(result, String(args[0]));
    return result;
  };
}

function strikeStream(stream) {
  const original = stream._write.bind(stream);
  stream._writev = null;
  stream._write = (chunk, encoding, done) => {
    const error = refusal('write', undefined);
    if (error === undefined) original(chunk, encoding, done);
    else done(error);
  };
}

if (isMainThread) {
  if (kind in STREAMS) strikeStream(process[STREAMS[kind]]);
  else {
    for (const name of Object.keys(fs)) {
      if (typeof fs[name] !== 'function' || !(DELETIONS.test(name) || WRITES.test(name))) continue;
      const wrapped = wrap(name, fs[name]);
      Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(fs[name]));
      fs[name] = wrapped;
    }
    require('node:module').syncBuiltinESMExports();
  }
  process.on('exit', () => write(count, String(calls)));
}
