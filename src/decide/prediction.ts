/** Prediction of a run, without running it: for `--dry`, `--frozen`, `status`, `why` and `graph`. */
import path from 'node:path';
import type { Scan, ScanOptions } from '../cache/cache.js';
import { type Cooperative, finish } from '../cache/files/yielding.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import type { RecordedOut } from '../cache/records/record.js';
import { MOST_LINKS } from '../cache/scan/link-targets.js';
import type { Item } from '../pipeline/plan.js';
import { realPlace } from '../sys/real-place.js';
import { type BuildContext, itemAt, selectedItems } from './build-context.js';
import type { Decision } from './decide.js';
import { debugUndecided, decideItem } from './decide-item.js';
import type { DecisionContext } from './fingerprint.js';

export type Prediction =
  | Decision
  /** Depends on outs of items that must run first; their names. */
  | { readonly kind: 'unknown'; readonly waitsFor: readonly string[] };

/**
 * The prediction for every selected item, by index. Outs of an item to be restored are known without
 * restoring them. Outs of an item to be run are not, so its dependents are unknown. With `--only`,
 * existing inputs are used.
 */
export function predict(build: BuildContext): Promise<Map<number, Prediction>> {
  return finish(predictions(build), build.options.interruption.stop);
}

function* predictions(build: BuildContext): Cooperative<Map<number, Prediction>> {
  const found = new Map<number, Prediction>();
  const overlay = new Overlay(build);
  for (const handle of selectedItems(build)) {
    const { index, item } = handle;
    const waitsFor = handle.needs.filter((need) => isOpen(found.get(need)));
    if (waitsFor.length > 0) {
      const names = waitsFor.map((need) => itemAt(build, need).id);
      found.set(index, { kind: 'unknown', waitsFor: names });
      debugUndecided(handle, waitingText(names));
      continue;
    }
    yield undefined;
    const decided = yield* decideItem(handle, { ...build.project, ...overlay.view });
    const decision = foreseen(build, decided);
    found.set(index, decision);
    if (decision.kind === 'restore') overlay.lay(item, decision.record);
  }
  return found;
}

/** The remote cache has the result of an item that would run otherwise. */
function foreseen({ foreseen: results }: BuildContext, decision: Decision): Decision {
  const record = decision.kind === 'run' ? results?.get(decision.key) : undefined;
  if (record === undefined) return decision;
  const reason = { kind: 'out', text: 'its result is in the remote cache' } as const;
  return { kind: 'restore', key: record.key, record, reason };
}

/** Why a prediction is unknown, in a clause that names at most three items. */
export function waitingText(waitsFor: readonly string[]): string {
  const [first = '', ...others] = waitsFor;
  if (others.length === 0) return `not known before ${first} has run`;
  const named =
    others.length < 3
      ? waitsFor.join(', ')
      : `${first}, ${others[0]} and ${others.length - 1} more`;
  return `not known before ${named} have run`;
}

/** True when the outs are not known yet. */
function isOpen(prediction: Prediction | undefined): boolean {
  return prediction !== undefined && prediction.kind !== 'fresh' && prediction.kind !== 'restore';
}

/** View of the workspace with some outs restored. */
export class Overlay {
  readonly #build: BuildContext;
  readonly #outs = new Map<string, Scan>();
  /** By path: the links inside the overlaid outs. */
  readonly #links = new Map<string, readonly string[]>();

  constructor(build: BuildContext) {
    this.#build = build;
  }

  /** For decisions. */
  get view(): Required<Pick<DecisionContext, 'look' | 'stored' | 'targetOf'>> {
    return {
      look: (where, how) => this.scanning(where, how),
      stored: (where) => {
        const digest = this.#laidAt(where)?.digest;
        return digest ? this.#build.project.cache.treeListing(digest) : undefined;
      },
      targetOf: (link) => {
        const target = this.#targetOf(link);
        return target && realPlace(path.join(this.#build.project.root, target));
      },
    };
  }

  lay(item: Item, { outs }: { readonly outs: readonly RecordedOut[] }): void {
    for (const out of item.outs) {
      const stored = outs.find((each) => each.name === out.name);
      if (stored !== undefined) this.#outs.set(out.path, stored);
    }
  }

  *scanning(where: string, how?: ScanOptions): Cooperative<Scan | undefined> {
    const at = this.#real(where, how?.follow ?? false);
    const laid = this.#laidAt(at);
    if (laid === undefined) return yield* this.#build.project.cache.scanning(at, how);
    if (laid === null) return undefined;
    let links = this.#links.get(at);
    if (links === undefined) {
      links = [...this.#linksIn(at, laid.digest)];
      this.#links.set(at, links);
    }
    return links.length === 0 ? laid : { ...laid, links };
  }

  /** The path with overlaid links resolved on its way; with `follow`, also at its end. */
  #real(where: string, follow: boolean): string {
    if (this.#outs.size === 0) return where;
    let at = where;
    for (let links = 0, end = 0; end >= 0 && links < MOST_LINKS; ) {
      end = at.indexOf('/', end + 1);
      if (end < 0 && !follow) break;
      const prefix = end < 0 ? at : at.slice(0, end);
      const target = this.#targetOf(prefix);
      if (target === undefined) continue;
      at = target + at.slice(prefix.length);
      links++;
      end = 0;
    }
    return at;
  }

  /** Relative to the project; undefined for a path that is not an overlaid link. */
  #targetOf(link: string): string | undefined {
    const laid = this.#laidAt(link);
    if (!laid || kindOf(laid.digest) !== 'link') return undefined;
    const text = this.#build.project.cache.readStored(laid.digest)?.toString();
    if (text === undefined) return undefined;
    const { root } = this.#build.project;
    return path.relative(root, path.resolve(root, path.dirname(link), text));
  }

  *#linksIn(where: string, digest: Digest): Iterable<string> {
    if (kindOf(digest) === 'link') yield where;
    if (kindOf(digest) !== 'directory') return;
    for (const entry of this.#build.project.cache.treeListing(digest) ?? [])
      yield* this.#linksIn(`${where}/${entry.name}`, entry.digest);
  }

  /** Undefined outside of the overlay; null for an absent path inside it. */
  #laidAt(path: string): Scan | null | undefined {
    const whole = this.#outs.get(path);
    if (whole !== undefined) return whole;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const laid = this.#outs.get(path.slice(0, end));
      if (laid !== undefined) return this.#within(laid, path.slice(end + 1).split('/')) ?? null;
    }
    return undefined;
  }

  /** The scan at a path inside a stored directory. */
  #within(laid: Scan, path: readonly string[]): Scan | undefined {
    let at: Scan | undefined = laid;
    for (const name of path) {
      const listing: readonly (Scan & { readonly name: string })[] | undefined =
        at === undefined ? undefined : this.#build.project.cache.treeListing(at.digest);
      at = listing?.find((entry) => entry.name === name);
    }
    return at;
  }
}
