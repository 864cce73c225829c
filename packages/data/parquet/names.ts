/** Names for the images of a parquet table, which come without files. */
import { imageEnding } from './image-type.js';
import type { ImageRow } from './table.js';

const ENDING = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/**
 * Gives names row by row: `<label>/<path>.<ending>`, without a folder where the table has no labels,
 * and with the row's number where it has no path. The ending is that of the image's own kind; an
 * image of no kind we know keeps the one it had, or is a `jpg`, so that it is told of when it cannot
 * be read. A name that was given before gets the row's number: `cat/1.jpg`, then `cat/1_0042.jpg`.
 *
 * @param rows of all tables; numbers are padded to as many digits
 */
export function createNames(rows: number): (row: ImageRow, number: number) => string {
  const digits = String(Math.max(0, rows - 1)).length;
  const given = new Set<string>();
  return ({ image, path, label }, number) => {
    const padded = String(number).padStart(digits, '0');
    const folder = label === undefined ? '' : `${label}/`;
    const ending =
      (image && imageEnding(image)) ?? ENDING.exec(path ?? '')?.[1]?.toLowerCase() ?? 'jpg';
    let stem = `${folder}${path === undefined ? padded : path.replace(ENDING, '')}`;
    while (given.has(`${stem}.${ending}`)) stem += `_${padded}`;
    const name = `${stem}.${ending}`;
    given.add(name);
    return name;
  };
}
