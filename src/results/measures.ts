/** The metrics of a record: numbers in its metrics files, and those of the epoch that its outs are of. */
import type { EpochRecord, RunRecord } from '../cache/records/record.js';
import { stopEpoch } from '../decide/incremental.js';
import { digestOfMetric, metricFilesOf } from '../decide/metric-files.js';
import type { Project } from '../decide/project.js';
import { metricsOf } from '../lockfile/format/locked-metrics.js';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';

export interface Measured {
  readonly metrics: Readonly<Record<string, number>>;
  readonly chain?: string;
  readonly epoch?: number;
  readonly measured: string;
}

/** A record does not say which of its outs are metrics: today's pipeline does. */
export class Measures {
  readonly #project: Project;
  readonly #items: ReadonlyMap<string, Item>;
  readonly #names = new Map<string, string>();

  constructor(project: Project) {
    this.#project = project;
    const items = new Map<string, Item>();
    for (const item of project.plan.items) {
      items.set(item.id, item);
      // An item of another value of the matrix measures what its stage measures.
      if (!items.has(item.stage)) items.set(item.stage, item);
    }
    this.#items = items;
  }

  /** Identifies what is measured. */
  nameFor(id: string): string {
    const item = this.#itemFor(id);
    if (item === undefined) return '';
    let name = this.#names.get(item.id);
    if (name === undefined) {
      const files = metricFilesOf(item).map(({ name, within }) => `${name}/${within}`);
      name = JSON.stringify([files, item.epochs?.param ?? null]);
      this.#names.set(item.id, name);
    }
    return name;
  }

  of({ item: id, manifest, outs }: RunRecord): Measured {
    const item = this.#itemFor(id);
    const measured = this.nameFor(id);
    if (item === undefined) return { metrics: {}, measured };
    const { cache } = this.#project;
    const metrics: Record<string, number> = {};
    const files = metricFilesOf(item);
    for (const file of files) {
      const digest = digestOfMetric(file, outs, cache);
      const text = digest ? cache.readStored(digest)?.toString() : undefined;
      const numbers = (text === undefined ? undefined : metricsOf(text)) ?? {};
      for (const [name, value] of Object.entries(numbers))
        metrics[files.length > 1 ? `${file.name}.${name}` : name] = value;
    }
    const { ofEpoch = {}, ...place } = this.#epochOf(item, manifest);
    return { metrics: { ...ofEpoch, ...metrics }, ...place, measured };
  }

  #epochOf(item: Item, manifest: Manifest) {
    const choice = manifest.epochs;
    if (item.epochs === undefined || choice === undefined) return {};
    const chain = keyOf(chainManifest(manifest, item.epochs.param));
    const records = this.#project.cache.chains.readEpochs(chain);
    const epoch =
      typeof choice === 'number' ? choice : stopEpoch({ ...choice, target: choice.max }, records);
    if (epoch === undefined) return { chain };
    const record = records.find((each) => each.epoch === epoch);
    return { chain, epoch, ofEpoch: numbersOf(record) };
  }

  #itemFor(id: string): Item | undefined {
    return this.#items.get(id) ?? this.#items.get(id.split('@', 1)[0] as string);
  }
}

function numbersOf(record: EpochRecord | undefined): Record<string, number> {
  return metricsOf(JSON.stringify(record?.metrics ?? {})) ?? {};
}
