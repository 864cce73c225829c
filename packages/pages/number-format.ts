/** Numbers and lists as text: the same in every locale. */

/** With its sign, a true minus. */
export function formatGain(value: number): string {
  const text = Math.abs(value).toFixed(4);
  return Number(text) === 0 ? '0.0000' : `${value < 0 ? '−' : '+'}${text}`;
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** Digits in groups of three, whatever the machine's locale. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** “a, b and c” */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
