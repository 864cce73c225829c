/**
 * base^exponent for a base of at least 0, with the same bits on every Node.js: its own power, `**`, was
 * changed in the last bit between Node.js 20 and 24, unlike `exp` and `log`.
 */
export function power(base: number, exponent: number): number {
  return exponent === 0 ? 1 : Math.exp(exponent * Math.log(base));
}
