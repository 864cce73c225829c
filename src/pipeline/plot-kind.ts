/** What a plot is, by the end of its name. */

/** Undefined: neither a table nor a picture. */
export function kindOfPlot(path: string): 'table' | 'picture' | undefined {
  if (/\.(?:csv|tsv|json)$/i.test(path)) return 'table';
  return /\.(?:png|svg|jpe?g|npy)$/i.test(path) ? 'picture' : undefined;
}
