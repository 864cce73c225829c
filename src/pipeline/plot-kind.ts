/** The kind of a plot, by the extension of its file name. */

/** Undefined if it is neither a table nor a picture. */
export function kindOfPlot(path: string): 'table' | 'picture' | undefined {
  if (/\.(?:csv|tsv|json)$/i.test(path)) return 'table';
  return /\.(?:png|svg|jpe?g|npy)$/i.test(path) ? 'picture' : undefined;
}
