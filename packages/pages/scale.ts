/** The arithmetic of charts: linear scales, round ticks, paths, labels that do not collide. */

export interface Scale {
  (value: number): number;
  readonly domain: readonly [number, number];
}

export function linearScale(domain: readonly [number, number], from: number, to: number): Scale {
  const [low, high] = domain;
  const span = high - low || 1;
  const scale = (value: number) => from + ((value - low) / span) * (to - from);
  return Object.assign(scale, { domain });
}

/** About `count` round numbers within the domain. */
export function ticks([low, high]: readonly [number, number], count: number): readonly number[] {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const power = Number(`1e${Math.floor(Math.log10(rough))}`);
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** A tick's number with just the digits that its step needs. */
export function tickText(value: number, all: readonly number[]): string {
  const step = all.length > 1 ? Math.abs(all[1]! - all[0]!) : Math.abs(value) || 1;
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return value.toFixed(digits).replace('-', '−');
}

/** Two decimals: enough for a screen, and the same bytes everywhere. */
export function fixed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function linePath(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${fixed(x)} ${fixed(y)}`).join('');
}

/** Moves positions apart until neighbours are `gap` apart; gives them in the order they came. */
export function spreadOut(positions: readonly number[], gap: number): readonly number[] {
  const order = positions.map((_, at) => at).sort((a, b) => positions[a]! - positions[b]!);
  const moved = [...positions];
  for (let pass = 0; pass < 60; pass++) {
    let calm = true;
    for (let i = 1; i < order.length; i++) {
      const above = order[i - 1]!;
      const below = order[i]!;
      const lacking = gap - (moved[below]! - moved[above]!);
      if (lacking <= 0.01) continue;
      moved[above]! -= lacking / 2;
      moved[below]! += lacking / 2;
      calm = false;
    }
    if (calm) break;
  }
  return moved;
}

/** The least and greatest of the values, a little widened; a single value gets some room. */
export function extent(values: Iterable<number>, margin = 0.04): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const room = high > low ? (high - low) * margin : Math.abs(high) * 0.05 || 0.5;
  return [low - room, high + room];
}
