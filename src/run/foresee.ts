/** Predictions that count the results of the remote cache: for --dry, status and why, with --remote. */
import type { RunRecord } from '../cache/records/record.js';
import { type BuildContext, itemAt, selectedItems } from '../decide/build-context.js';
import { notesOf } from '../decide/metric-files.js';
import { type Prediction, predict } from '../decide/prediction.js';
import type { Decision } from '../decide/staleness.js';
import type { Item } from '../pipeline/plan.js';
import { eachOf } from '../remote/concurrency.js';
import type { RemoteCache } from '../remote/remote-cache.js';
import { isWithin } from '../sys/is-within.js';

type Found = ReadonlyMap<number, Prediction>;

/** Without `--remote`, no connection is opened. */
export async function foresee(build: BuildContext): Promise<Found> {
  if (build.options.remote === undefined) return predict(build);
  const { openRemote } = await import('./with-remote.js');
  const remote = openRemote(build);
  if (remote === undefined) return predict(build);
  try {
    return await predictWith(build, remote);
  } finally {
    remote.close();
  }
}

/** Each result found makes more keys known, so this asks until it finds nothing more. */
async function predictWith(build: BuildContext, remote: RemoteCache): Promise<Found> {
  const foreseen = new Map<string, RunRecord>();
  const asked = new Set<string>();
  const inPart = readInPart(build);
  for (;;) {
    const found = await predict({ ...build, foreseen });
    const open = [...found].flatMap(([index, outlook]) =>
      isOpen(outlook, asked) ? [[index, outlook] as const] : [],
    );
    const before = foreseen.size;
    await eachOf(open, async ([index, { key, manifest }]) => {
      asked.add(key);
      const item = itemAt(build, index);
      const wanted = { item: item.id, key, manifest, ...notesOf(item) };
      const record = await remote.results.find(wanted);
      if (record === undefined) return;
      // An item that reads a part of an out needs the listing of the out, and one that reads a link
      // needs its text. Both come with the objects.
      const isRecordEnough =
        !inPart.has(index) && record.outs.every(({ links = [] }) => links.length === 0);
      if (isRecordEnough || (await remote.takeResult(wanted, {}))) foreseen.set(key, record);
    });
    if (foreseen.size === before) return found;
  }
}

function isOpen(
  outlook: Prediction,
  asked: ReadonlySet<string>,
): outlook is Decision & { readonly kind: 'run' } {
  if (outlook.kind !== 'run' || asked.has(outlook.key)) return false;
  return outlook.cause !== 'forced' && outlook.cause !== 'always';
}

/** Items with an out that another item reads only in part, or together with others. */
function readInPart(build: BuildContext): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { item, needs } of selectedItems(build)) {
    const parts = outsReadInPart(item);
    for (const need of needs) {
      const outs = itemAt(build, need).outs.map(({ path }) => path);
      const isWhole = item.deps.some(({ path, glob }) => !glob && outs.includes(path));
      // Without a dep of its path, the dep leads there through a folder, a pattern or a link.
      if (!isWhole || outs.some(parts)) found.add(need);
    }
  }
  return found;
}

function outsReadInPart({ deps }: Item): (out: string) => boolean {
  const parts = deps.filter(({ glob }) => !glob);
  const gathered = new Set(
    deps.flatMap(({ glob, gathered = [], within = [] }) => (glob ? [...gathered, ...within] : [])),
  );
  return (out) =>
    gathered.has(out) ||
    parts.some(({ path }) => path !== out && (isWithin(path, out) || isWithin(out, path)));
}
