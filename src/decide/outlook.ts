/** What a run would do, without doing it: for `--dry`, `--frozen`, `status`, `why` and `graph`. */
import type { Scan, ScanOptions } from '../cache/cache.js';
import type { RecordedOut } from '../cache/records/record.js';
import type { Item } from '../pipeline/plan.js';
import { type Decision, decide } from './decide.js';
import type { Surroundings } from './inputs.js';
import { itemAt, selectedNeeds, type Work } from './work.js';

export type Outlook =
  | Decision
  /** What it depends on is made by items that must run first; their names. */
  | { readonly kind: 'unknown'; readonly waitsFor: readonly string[] };

/**
 * The outlook of every selected item, by index. The outs of an item that would be put back are
 * known without putting them back; those of an item that would run are not, and what depends on
 * them is unknown. With `--only` the inputs count as they are.
 */
export function outlooks(work: Work): Map<number, Outlook> {
  const found = new Map<number, Outlook>();
  const overlay = new Overlay(work);
  for (const index of work.selected) {
    const item = itemAt(work, index);
    const waitsFor = selectedNeeds(work, index).filter((need) => isOpen(found.get(need)));
    if (waitsFor.length > 0) {
      found.set(index, {
        kind: 'unknown',
        waitsFor: waitsFor.map((need) => itemAt(work, need).id),
      });
      continue;
    }
    const { project, codes, options } = work;
    const around = { ...project, ...overlay.eyes };
    const decision = decide(item, codes.of(index), around, options.force);
    found.set(index, decision);
    if (decision.kind === 'restore') overlay.lay(item, decision.record);
  }
  return found;
}

/** Why an outlook is unknown, in a clause: it names three items at most. */
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
function isOpen(outlook: Outlook | undefined): boolean {
  return outlook !== undefined && outlook.kind !== 'fresh' && outlook.kind !== 'restore';
}

/** The workspace as it would be with some outs put back. */
export class Overlay {
  readonly #work: Work;
  readonly #outs = new Map<string, Scan>();

  constructor(work: Work) {
    this.#work = work;
  }

  /** For who decides. */
  get eyes(): Required<Pick<Surroundings, 'look' | 'stored'>> {
    return {
      look: (path, how) => this.scan(path, how),
      stored: (path) => {
        const digest = this.#laidAt(path)?.digest;
        return digest ? this.#work.project.cache.treeListing(digest) : undefined;
      },
    };
  }

  lay(item: Item, { outs }: { readonly outs: readonly RecordedOut[] }): void {
    for (const out of item.outs) {
      const stored = outs.find((each) => each.name === out.name);
      if (stored !== undefined) this.#outs.set(out.path, stored);
    }
  }

  scan(path: string, how?: ScanOptions): Scan | undefined {
    const laid = this.#laidAt(path);
    return laid === undefined ? this.#work.project.cache.scanSync(path, how) : (laid ?? undefined);
  }

  /** Undefined outside of what is laid; null for what is not in it. */
  #laidAt(path: string): Scan | null | undefined {
    const whole = this.#outs.get(path);
    if (whole !== undefined) return whole;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const laid = this.#outs.get(path.slice(0, end));
      if (laid !== undefined) return this.#within(laid, path.slice(end + 1).split('/')) ?? null;
    }
    return undefined;
  }

  /** What is at a path within a stored directory. */
  #within(laid: Scan, path: readonly string[]): Scan | undefined {
    let at: Scan | undefined = laid;
    for (const name of path) {
      const listing: readonly (Scan & { readonly name: string })[] | undefined =
        at === undefined ? undefined : this.#work.project.cache.treeListing(at.digest);
      at = listing?.find((entry) => entry.name === name);
    }
    return at;
  }
}
