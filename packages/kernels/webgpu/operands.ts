/** The inputs of our matrix products (tile-source.ts): matrices, and convolutions' images read as such. */
import type { Width } from './program.js';
import type { Operand } from './tile-source.js';

export interface Matrix {
  readonly name: 'a' | 'b';
  /** Its buffer. */
  readonly buffer: string;
  readonly width: Width;
  /** Whether it lies with its values along the inner dimension side by side. */
  readonly innerFirst: boolean;
  /** Expressions for its sides: along the inner dimension, and its rows (left) or columns (right). */
  readonly inner: string;
  readonly outer: string;
}

export function matrixOperand({ name, buffer, width, innerFirst, inner, outer }: Matrix): Operand {
  const at = (load: number) =>
    innerFirst
      ? { line: `${name}Outer${load}`, lines: outer, first: `${name}Inner`, length: inner }
      : { line: `${name}Inner${load}`, lines: inner, first: `${name}Outer`, length: outer };
  return {
    name,
    innerFirst,
    read(load, target) {
      const { line, lines, first, length } = at(load);
      const place = `${line} * ${length} + ${first}`;
      if (width === 4) {
        return `if (${line} < ${lines} && ${first} < ${length}) { ${target} = ${buffer}[(${place}) >> 2u]; }`;
      }
      const parts = ['x', 'y', 'z', 'w'].map(
        (part, k) =>
          `if (${first} + ${k} < ${length}) { ${target}.${part} = ${buffer}[${place} + ${k}]; }`,
      );
      return `if (${line} < ${lines}) { ${parts.join(' ')} }`;
    },
  };
}

/** WGSL that walks over [taps along y, taps along x, channels], the last one fastest. */
export const TAP_SOURCE = `
  struct Tap { channel : i32, x : i32, y : i32 };

  fn tap_at(place : i32, channels : i32, tapsX : i32) -> Tap {
    let tap = place / channels;
    return Tap(place % channels, tap % max(1, tapsX), tap / max(1, tapsX));
  }

  fn next_tap(start : Tap, by : i32, channels : i32, tapsX : i32) -> Tap {
    var tap = start;
    tap.channel += by;
    while (tap.channel >= channels) {
      tap.channel -= channels;
      tap.x++;
      if (tap.x >= tapsX) {
        tap.x = 0;
        tap.y++;
      }
    }
    return tap;
  }`;

/**
 * The parts of a register that are read one by one: all four at once, or each from a tap and channel of
 * its own, since the neighbours may belong to different taps.
 */
export const placesOf = (width: Width): readonly string[] =>
  width === 4 ? [''] : ['.x', '.y', '.z', '.w'];

export interface Gather {
  readonly buffer: string;
  readonly width: Width;
  readonly depth: number;
  /** Expressions for the sides of the images that are read. */
  readonly height: string;
  readonly columns: string;
  readonly channels: string;
  readonly tapsX: string;
  readonly tapsY: string;
  /** Whether a tap reads further on (`+`) or further back (`-`). */
  readonly sign: '+' | '-';
  /** Number of rows of the product; and of `row`: its image, and where its first tap reads. */
  readonly rows: string;
  readonly image: string;
  readonly y: string;
  readonly x: string;
}

/** Images read as the left matrix: a row for each pixel of the result, along all taps and channels. */
export function gatherOperand(gather: Gather): Operand {
  const { buffer, width, depth, height, columns, channels, tapsX, tapsY, sign } = gather;
  const places = placesOf(width);
  const next = (from: string, by: number) => `next_tap(${from}, ${by}, ${channels}, ${tapsX})`;
  return {
    name: 'a',
    innerFirst: true,
    begin: `var tap0 = tap_at(aInner, ${channels}, ${tapsX});`,
    beginLoad: (load) => `
    var imageBegin${load} = 0;
    var placeY${load} = -0x1000000; // outside, whatever the tap
    var placeX${load} = 0;
    {
      let row = aOuter${load};
      if (row < ${gather.rows}) {
        imageBegin${load} = (${gather.image}) * ${height} * ${columns};
        placeY${load} = ${gather.y};
        placeX${load} = ${gather.x};
      }
    }`,
    beginStep: places
      .slice(1)
      .map((_, k) => `let tap${k + 1} = ${next(`tap${k}`, 1)};`)
      .join('\n'),
    read: (load, target) =>
      places
        .map((place, k) => {
          const at = `((imageBegin${load} + inY * ${columns} + inX) * ${channels} + tap${k}.channel)`;
          return `{
          let inY = placeY${load} ${sign} tap${k}.y;
          let inX = placeX${load} ${sign} tap${k}.x;
          if (tap${k}.y < ${tapsY} && inY >= 0 && inY < ${height} && inX >= 0 && inX < ${columns}) {
            ${target}${place} = ${buffer}[${at}${width === 4 ? ' >> 2u' : ''}];
          }
        }`;
        })
        .join(' '),
    advance: `tap0 = ${next('tap0', depth)};`,
  };
}
