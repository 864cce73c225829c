/** `pipe epochs`: the chain of an incremental item, epoch by epoch. */
import type { EpochRecord } from '../cache/records/record.js';
import { drawnMetric } from '../decide/drawn-metric.js';
import { metricAt } from '../decide/incremental.js';
import { inspection } from '../decide/inspection.js';
import { predict } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { chainManifest, keyOf } from '../manifest.js';
import { select } from '../pipeline/select.js';
import { bytes, duration, metricsText, plural, table } from '../report/wording.js';
import { parse, type Usage } from './args.js';
import { type Command, EXIT, JSON_OPTION, VARIANT_OPTIONS, withProject } from './command.js';
import { curve } from './curve.js';
import { roomOn } from './terminal.js';

const usage: Usage = {
  command: 'epochs',
  positionals: '<item|stage|pattern …>',
  summary:
    'Lists the completed epochs of an item: duration, size, whether the state is kept, metrics.',
  options: [
    ...VARIANT_OPTIONS,
    {
      name: 'metric',
      value: 'path',
      help: 'the metric to draw, such as val.ssim (default: the one in keep or epochs, else a validation metric or a loss)',
    },
    JSON_OPTION,
  ],
};

interface Chain {
  readonly item: string;
  readonly chain: string;
  /** $PIPE_COMMIT of the stage. */
  readonly commit: string;
  readonly target: number;
  /** The metric to plot. */
  readonly drawn: string | undefined;
  readonly epochs: readonly (EpochRecord & { readonly kept: boolean })[];
}

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    const { out, json } = context.terminal;
    const room = roomOn(context.terminal);
    if (parsed.positionals.length === 0) {
      throw userError(
        'no-item',
        'pipe epochs needs an item',
        'for example `pipe epochs train@faces`; `pipe status` lists the items',
      );
    }
    const chains = await withProject(parsed, context, (project) =>
      chainsOf(project, parsed.positionals),
    );
    requireMetric(chains, parsed.text('metric'));
    if (parsed.flag('json')) json(chains);
    else for (const chain of chains) out(listing(chain, parsed.text('metric'), room));
    return EXIT.done;
  },
};

/** Chains of today's definition; while an upstream item must run first, those of the last run. */
async function chainsOf(project: Project, targets: readonly string[]): Promise<Chain[]> {
  const build = await inspection(project, targets);
  const found = await predict(build);
  return select(project.plan, targets).map((index) => {
    const item = project.plan.items[index];
    if (item?.epochs === undefined) {
      throw userError(
        'not-incremental',
        `${item?.id} has no epochs`,
        'give its stage `epochs:` in pipeline.yaml',
      );
    }
    const prediction = found.get(index);
    const manifest =
      prediction?.kind === 'run'
        ? prediction.manifest
        : prediction?.kind === 'fresh' || prediction?.kind === 'restore'
          ? prediction.record.manifest
          : project.cache.readLast(item.id)?.manifest;
    const chain = manifest === undefined ? '' : keyOf(chainManifest(manifest, item.epochs.param));
    const records = chain === '' ? [] : project.cache.readEpochs(chain);
    const epochs = records.map((record) => ({ ...record, kept: project.cache.hasState(record) }));
    const commit = chain === '' ? '' : project.cache.commits(chain);
    const drawn = drawnMetric(records, item.epochs);
    return { item: item.id, chain, commit, target: item.epochs.target, drawn, epochs };
  });
}

function requireMetric(chains: readonly Chain[], metric: string | undefined): void {
  if (metric === undefined) return;
  const records = chains.flatMap(({ epochs }) => epochs);
  if (records.some((record) => metricAt(record.metrics, metric) !== undefined)) return;
  const known = metricsText(records.at(-1)?.metrics, 12);
  throw userError(
    'no-metric',
    `no epoch has a metric "${metric}"`,
    `the last one has: ${known || 'none'}`,
  );
}

function listing(
  { item, target, drawn, epochs }: Chain,
  metric: string | undefined,
  room: number | undefined,
): string {
  if (epochs.length === 0) return `${item}: no epoch is completed (target ${target})\n`;
  const rows = epochs.map((record) => [
    String(record.epoch),
    duration(record.seconds),
    bytes(record.size),
    record.kept ? 'kept' : 'dropped',
    metricsText(record.metrics),
  ]);
  const seconds = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
  const head = `${item}: ${plural(epochs.length, 'epoch')} completed, target ${target}, ${duration(seconds)} in all\n`;
  const shown = metric ?? drawn;
  const picture = shown === undefined ? '' : curve(epochs, shown, room ?? 80);
  return `${head}${table([['epoch', 'time', 'size', 'state', 'metrics'], ...rows], room)}${picture}`;
}
