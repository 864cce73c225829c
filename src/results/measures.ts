/** The metrics of a record: numbers in its metrics files, and those of the epoch of its outs. */
import type { RunRecord } from '../cache/records/record.js';
import { stopEpoch } from '../decide/incremental.js';
import { digestOfMetric, metricFilesOf } from '../decide/metric-files.js';
import type { Project } from '../decide/project.js';
import { metricsOf, numbersIn } from '../lockfile/format/locked-metrics.js';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';

type MetricFiles = ReturnType<typeof metricFilesOf>;

export interface Measured {
  readonly metrics: Readonly<Record<string, number>>;
  readonly chain?: string;
  readonly epoch?: number;
  readonly measured: string;
}

/** Today's pipeline says which outs are metrics, because a record does not. */
export class Measures {
  readonly #project: Project;
  readonly #items: ReadonlyMap<string, Item>;
  /** For each item, its metrics files, and the id of this choice. */
  readonly #known = new Map<Item, { readonly files: MetricFiles; readonly name: string }>();

  constructor(project: Project) {
    this.#project = project;
    const items = new Map<string, Item>();
    for (const item of project.plan.items) {
      items.set(item.id, item);
      // An item that is no longer in the matrix has the metrics of its stage.
      if (!items.has(item.stage)) items.set(item.stage, item);
    }
    this.#items = items;
  }

  /** Identifies the choice of metrics. */
  nameFor(id: string): string {
    const item = this.#itemFor(id);
    return item === undefined ? '' : this.#about(item).name;
  }

  of({ item: id, manifest, outs }: RunRecord): Measured {
    const item = this.#itemFor(id);
    if (item === undefined) return { metrics: {}, measured: '' };
    const { files, name: measured } = this.#about(item);
    const { cache } = this.#project;
    const metrics: Record<string, number> = {};
    for (const file of files) {
      const digest = digestOfMetric(file, outs, cache);
      const text = digest ? cache.readStored(digest)?.toString() : undefined;
      const numbers = (text === undefined ? undefined : metricsOf(text)) ?? {};
      for (const name in numbers)
        metrics[files.length > 1 ? `${file.name}.${name}` : name] = numbers[name] as number;
    }
    if (item.epochs === undefined) return { metrics, measured };
    const { ofEpoch = {}, ...place } = this.#epochOf(manifest, item.epochs.param);
    return { metrics: { ...ofEpoch, ...metrics }, ...place, measured };
  }

  #about(item: Item) {
    let about = this.#known.get(item);
    if (about === undefined) {
      const files = metricFilesOf(item);
      const paths = files.map(({ name, within }) => `${name}/${within}`);
      about = { files, name: JSON.stringify([paths, item.epochs?.param ?? null]) };
      this.#known.set(item, about);
    }
    return about;
  }

  #epochOf(manifest: Manifest, param: string | undefined) {
    const choice = manifest.epochs;
    if (choice === undefined) return {};
    const chain = keyOf(chainManifest(manifest, param));
    const { chains } = this.#project.cache;
    const epoch =
      typeof choice === 'number'
        ? choice
        : stopEpoch({ ...choice, target: choice.max }, chains.readEpochs(chain));
    if (epoch === undefined) return { chain };
    return { chain, epoch, ofEpoch: numbersIn(chains.readEpoch(chain, epoch)?.metrics) };
  }

  #itemFor(id: string): Item | undefined {
    return this.#items.get(id) ?? this.#items.get(id.split('@', 1)[0] as string);
  }
}
