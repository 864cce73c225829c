/**
 * Warns about items that run at the same time and keep intermediate data in one file, such as
 * `/tmp/sorted`: one may read what the other has written.
 */
import { withoutComments } from '../code/script-texts.js';
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { getOrMake, oncePer } from '../lists.js';
import { isWithin } from '../sys/is-within.js';
import { executedTexts, isForShell } from './executed-texts.js';

/** Call the result when the item has ended. */
export function warnOfSharedFiles(handle: ItemHandle): () => void {
  const { build, item } = handle;
  const users = usersIn(build);
  const used = intermediateFiles(handle);
  const shared = used.find(({ name }) => (users.get(name)?.size ?? 0) > 0);
  if (shared !== undefined) {
    const { where, name } = shared;
    const [other] = users.get(name) ?? [];
    handle.warn(
      `${where} writes and reads ${name}, and so does ${other}, which runs at the same time: each may read what the other wrote. Use a file of its own (mktemp), or --concurrency 1`,
    );
  }
  for (const { name } of used) getOrMake(users, name, () => new Set()).add(item.id);
  return () => {
    for (const { name } of used) users.get(name)?.delete(item.id);
  };
}

/** Items that are running, by the files that they use. */
const usersIn = oncePer((_: BuildContext) => new Map<string, Set<string>>());

/** A redirection to a file whose name is written out; the name. */
const WRITES = /(?<![\d&>=-])>\|?[ \t]*(["']?)(~?[\w./@%+-]+)\1(?=[\s;&|)]|$)/g;

/** Not the number of a comparison, as in `awk '$1 > 0.5'`, and no device. */
const IS_PATH = /^(?!\/dev\/)(?=.*[a-z]).*[./]/i;

/** By its name; a file without an extension says it in its first line. */
function maybeShell(file: string): boolean {
  return /(?:^|\/)[^/.]+$|sh$/.test(file);
}

/** Files that a shell text writes and also names elsewhere. `rm` does not read. */
function intermediateFiles(handle: ItemHandle): readonly { where: string; name: string }[] {
  if (handle.code.kind === 'module') return [];
  return [...executedTexts(handle, maybeShell)].flatMap((given) => {
    if (!isForShell(given)) return [];
    const code = withoutComments(given.text);
    const rest = code.replace(WRITES, ' ').replace(/\brm\b[^\n;&|]*/g, ' ');
    const words = new Set(rest.split(/[\s;&|()<>"'`=]+/));
    // It may enter a folder of its own.
    const isElsewhere = /\b(?:cd|pushd|mktemp)\b/.test(code);
    const names = [...code.matchAll(WRITES)].map(([, , name]) => name as string);
    return [...new Set(names)]
      .filter((name) => words.has(name) && IS_PATH.test(name))
      .filter((name) => !isElsewhere || /^[~/]/.test(name))
      .filter((name) => !handle.item.outs.some((out) => isWithin(name, out.path)))
      .map((name) => ({ where: given.where, name }));
  });
}
