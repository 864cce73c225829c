/** Seeded random numbers: one independent stream for each seed and list of labels. */
import { createHash } from 'node:crypto';

/** Where a stream stands, as plain data: goes through JSON unchanged. */
export interface RandomState {
  /** The four 32-bit words of the generator. */
  readonly words: readonly [number, number, number, number];
  /** The second half of the last pair of normals, when it is not yet used. */
  readonly spare: number | null;
}

export interface Random {
  /** A float in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A float in [low, high). */
  between(low: number, high: number): number;
  /** An integer in 0 … n−1, each equally likely. n is 1 … 2³². */
  int(n: number): number;
  /** Standard normal: mean 0, variance 1. */
  normal(): number;
  /** One of the items, each equally likely. */
  pick<T>(items: ArrayLike<T>): T;
  /** Shuffles in place (Fisher–Yates) and gives the same array back. */
  shuffle<T extends { readonly length: number; [index: number]: unknown }>(items: T): T;
  /**
   * An independent stream under further labels: `createRandom(1, 'a').split('b')` is
   * `createRandom(1, 'a', 'b')`. It depends on the labels alone, not on what was drawn so far.
   */
  split(...labels: readonly RandomLabel[]): Random;
  /** Where the stream stands; give it to `restore` to go on from there. */
  state(): RandomState;
  restore(state: RandomState): void;
}

export type RandomLabel = string | number;

const TWO_32 = 0x1_0000_0000;

/**
 * A stream named by a seed and labels, such as `createRandom(seed, 'mask', epoch, image)`.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna 2018, period 2¹²⁸−1). Its state is the
 * first 128 bits of SHA-256 over the JSON of [seed, ...labels]: streams with other labels share
 * nothing, and `'1'` is another label than `1`.
 */
export function createRandom(seed: RandomLabel, ...labels: readonly RandomLabel[]): Random {
  const generator = new Xoshiro128(seedWords([seed, ...labels]));
  let spare: number | null = null;

  function uniform(): number {
    const high = generator.next() >>> 5; // 27 bits
    const low = generator.next() >>> 6; // 26 bits
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  function int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) {
      throw new RangeError(`int(n) needs an integer n from 1 to 2^32, got ${n}`);
    }
    // The largest multiple of n: what lies above would favour the small numbers, so it is drawn again.
    const fair = TWO_32 - (TWO_32 % n);
    let drawn = generator.next();
    while (drawn >= fair) drawn = generator.next();
    return drawn % n;
  }

  function normal(): number {
    if (spare === null) {
      const [first, second] = normalPair(uniform);
      spare = second;
      return first;
    }
    const kept = spare;
    spare = null;
    return kept;
  }

  return {
    uniform,
    int,
    normal,
    between: (low, high) => low + (high - low) * uniform(),
    pick: <T>(items: ArrayLike<T>) => items[int(items.length)] as T,
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = int(last + 1);
        const kept = items[last];
        items[last] = items[other];
        items[other] = kept;
      }
      return items;
    },
    split: (...more) => createRandom(seed, ...labels, ...more),
    state: () => ({ words: generator.words(), spare }),
    restore(state) {
      generator.restore(state.words);
      spare = state.spare;
    },
  };
}

type Words = RandomState['words'];

class Xoshiro128 {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  constructor(words: Words) {
    this.restore(words);
  }

  /** 32 random bits, 0 … 2³²−1. */
  next(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return scrambled >>> 0;
  }

  words(): Words {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  restore(words: Words): void {
    [this.#a, this.#b, this.#c, this.#d] = words;
  }
}

/** Marsaglia's polar method. */
function normalPair(uniform: () => number): readonly [number, number] {
  for (;;) {
    const u = 2 * uniform() - 1;
    const v = 2 * uniform() - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) {
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      return [u * scale, v * scale];
    }
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function seedWords(path: readonly RandomLabel[]): [number, number, number, number] {
  const digest = createHash('sha256').update(JSON.stringify(path)).digest();
  const word = (index: number) => digest.readInt32LE(index * 4);
  return [word(0), word(1), word(2), word(3)];
}
