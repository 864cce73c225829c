/** `pipe push`: sends results and epochs that are in the cache to the remote cache. */
import { handleOf, type ItemHandle, neverAlways } from '../decide/build-context.js';
import { buildFor } from '../decide/inspection.js';
import { type Prediction, predict } from '../decide/prediction.js';
import { openProject } from '../decide/project.js';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import { eachOf } from '../remote/concurrency.js';
import type { RemoteCache } from '../remote/remote-cache.js';
import { requireRemote } from '../remote/remote-config.js';
import { plainReporter } from '../report/run-lines.js';
import { plural } from '../report/wording.js';
import { openRemote } from '../run/with-remote.js';
import { type Command, EXIT, JSON_OPTION, VARIANT_OPTIONS, variantOf } from './command.js';
import { optionsOf } from './run-options.js';

interface Pushed {
  readonly item: string;
  /** `stale`: there is no result for today's key. */
  readonly state: 'sent' | 'stale' | 'not sent';
}

export const command: Command = {
  command: 'push',
  positionals: '[stage|item|pattern …]',
  summary:
    'Sends the results of the named items and everything they depend on to the remote cache. Without names, sends all results.',
  options: [...VARIANT_OPTIONS, JSON_OPTION],
  notes: 'Exit: 0 everything is in the remote cache, 1 something could not be sent, 2 an error.',
  async run(parsed, context) {
    const { terminal, host } = context;
    const project = await openProject(host, variantOf(parsed), terminal.warn);
    requireRemote(project.plan.remote, project.env);
    const options = { ...optionsOf(parsed, context), dry: true };
    const onTransfer = plainReporter(terminal.err);
    const build = await buildFor(project, options, (event) => {
      if (event.type === 'warning') terminal.warn(event.message);
      if (event.type === 'transfer') onTransfer(event);
    });
    const byIndex = new Map<number, Pushed>();
    const remote = openRemote(build);
    try {
      if (remote !== undefined) {
        // Not by the outs on disk: another variant may have written those.
        const found = await predict(neverAlways(build));
        await eachOf(found, async ([index, prediction]) => {
          byIndex.set(index, await push(handleOf(build, index), prediction, remote));
        });
      }
    } finally {
      remote?.close();
      project.cache.close();
    }
    const pushed = build.selected.flatMap((index) => byIndex.get(index) ?? []);
    if (parsed.flag('json')) terminal.json(pushed);
    else terminal.out(`pipe: ${summary(pushed)}\n`);
    if (context.interruption.stop.aborted) return EXIT.interrupted;
    return pushed.some(({ state }) => state === 'not sent') ? EXIT.failed : EXIT.done;
  },
};

async function push(
  handle: ItemHandle,
  prediction: Prediction,
  remote: RemoteCache,
): Promise<Pushed> {
  const { item } = handle;
  const has = prediction.kind === 'fresh' || prediction.kind === 'restore';
  const record = has ? handle.cache.readRecord(prediction.key) : undefined;
  const manifest = prediction.kind === 'run' ? prediction.manifest : record?.manifest;
  // An unfinished training has epochs to send.
  const epochs = manifest === undefined ? true : await pushEpochs(handle, manifest, remote);
  if (record === undefined) return { item: item.id, state: epochs ? 'stale' : 'not sent' };
  const sent = (await remote.results.send(record)) && epochs;
  return { item: item.id, state: sent ? 'sent' : 'not sent' };
}

async function pushEpochs(
  handle: ItemHandle,
  manifest: Manifest,
  remote: RemoteCache,
): Promise<boolean> {
  const { id, epochs } = handle.item;
  if (epochs === undefined) return true;
  const named = chainManifest(manifest, epochs.param);
  const chain = keyOf(named);
  if (handle.cache.chains.readEpochs(chain).length === 0) return true;
  return remote.epochs.send({ item: id, chain, manifest: named });
}

function summary(pushed: readonly Pushed[]): string {
  const count = (state: Pushed['state']) => pushed.filter((each) => each.state === state).length;
  const parts = [`${plural(count('sent'), 'result')} in the remote cache`];
  if (count('stale') > 0) parts.push(`${count('stale')} not computed yet`);
  if (count('not sent') > 0) parts.push(`${count('not sent')} not sent`);
  return parts.join(', ');
}
