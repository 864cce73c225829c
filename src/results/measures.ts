/**
 * What the index reads from a record's outs: the numbers in its metrics files, those of the epoch of
 * its outs, and the digests of what other items read.
 */
import type { RunRecord } from '../cache/records/record.js';
import { stopEpoch } from '../decide/incremental.js';
import { digestOfMetric, metricFilesOf } from '../decide/metric-files.js';
import type { Project } from '../decide/project.js';
import { getOrMake } from '../lists.js';
import { metricsOf, numbersIn } from '../lockfile/format/locked-metrics.js';
import { chainKey, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { depEdgesOf, type Part } from './dep-edges.js';
import type { ResultRow } from './row.js';

type MetricFiles = ReturnType<typeof metricFilesOf>;

export interface Measured extends Pick<ResultRow, 'metrics' | 'chain' | 'epoch'> {
  /** Digests of its outs by name, and of `name/path` inside an out that is a dep; absent in an earlier index. */
  readonly made?: Readonly<Record<string, string>>;
  /** Identifies what was read. After a change of the pipeline it is read again. */
  readonly measured: string;
}

/** Of a record of a stage that the pipeline does not have. */
const UNKNOWN = '[]';

/**
 * Today's pipeline says which outs are metrics, and what is a dep; for an item that it lacks, the
 * record. The chain is that of the record, if it names the target of its epochs.
 */
export class Measures {
  readonly #project: Project;
  readonly #items: ReadonlyMap<string, Item>;
  readonly #parts: ReadonlyMap<Item, readonly Part[]>;
  /** For each item, its metrics files, and the id of what is read. */
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
    this.#parts = depEdgesOf(project.plan).parts;
  }

  /** Identifies the choice of metrics and of parts. */
  nameFor(id: string): string {
    const item = this.#itemFor(id);
    return item === undefined ? UNKNOWN : this.#about(item).name;
  }

  of({ item: id, manifest, outs, measures }: RunRecord): Measured {
    const item = this.#itemFor(id);
    const made: Record<string, string> = {};
    for (const { name, digest } of outs) made[name] = digest;
    const { files, name: measured } =
      item === undefined ? { files: measures?.files ?? [], name: UNKNOWN } : this.#about(item);
    const { cache } = this.#project;
    for (const part of item === undefined ? [] : this.#partsOf(item)) {
      const digest = digestOfMetric(part, outs, cache);
      if (digest) made[`${part.out}/${part.within}`] = digest;
    }
    const metrics: Record<string, number> = {};
    for (const file of files) {
      const digest = digestOfMetric(file, outs, cache);
      const text = digest ? cache.readStored(digest)?.toString() : undefined;
      const numbers = (text === undefined ? undefined : metricsOf(text)) ?? {};
      for (const name in numbers)
        metrics[files.length > 1 ? `${file.name}.${name}` : name] = numbers[name] as number;
    }
    if (item === undefined && measures === undefined) return { metrics, made, measured };
    const { target } = measures ?? { target: item?.epochs?.param };
    const { ofEpoch = {}, ...place } = this.#epochOf(manifest, target);
    return { metrics: { ...ofEpoch, ...metrics }, ...place, made, measured };
  }

  #about(item: Item) {
    return getOrMake(this.#known, item, () => {
      const files = metricFilesOf(item);
      const paths = files.map(({ name, within }) => `${name}/${within}`);
      const parts = this.#partsOf(item).map(({ out, within }) => `${out}/${within}`);
      return { files, name: JSON.stringify([paths, item.epochs?.param ?? null, parts]) };
    });
  }

  #partsOf(item: Item): readonly Part[] {
    return this.#parts.get(item) ?? [];
  }

  #epochOf(manifest: Manifest, param: string | undefined) {
    const choice = manifest.epochs;
    if (choice === undefined) return {};
    const chain = chainKey(manifest, param);
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
