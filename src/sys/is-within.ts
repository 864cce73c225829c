/** True when the inner path is the outer one or below it. Compares texts: no links, no case. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
