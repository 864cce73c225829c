/**
 * Bounds a walk that follows links. If folders link to each other, the ways through them grow
 * exponentially, although no way visits a folder twice.
 */

/** Said of the folder where a walk stops. */
export const TOO_MANY_WAYS = 'is one of very many ways through links to the same folders';

/** How a walk came to a folder. */
export interface Way {
  /** Followed links. */
  readonly links: number;
  /** The walk has followed another link to this folder, or to one above it. */
  readonly isAgain: boolean;
}

export const DIRECT: Way = { links: 0, isAgain: false };

/** Many links to one folder, each in a linked folder, are usual: they are no more than the links. */
const FEW_LINKS = 2;

/** Entries that a walk reads again: about a second. */
const MOST = 20_000;

export class Revisits {
  readonly #places = new Set<string>();
  #entries = 0;

  /** `place`: the real path of the link's target. */
  follow({ links, isAgain }: Way, place: string): Way {
    const isKnown = this.#places.has(place);
    this.#places.add(place);
    return { links: links + 1, isAgain: isAgain || (isKnown && links >= FEW_LINKS) };
  }

  /** False once the walk has read too much again; `entries`: of a folder that it is about to read. */
  allows({ isAgain }: Way, entries: number): boolean {
    if (isAgain) this.#entries += entries + 1;
    return this.#entries <= MOST;
  }
}
