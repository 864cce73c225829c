/**
 * The heartbeat of this process. Every file that names this process as a holder carries a counter,
 * and the heart advances it once a second for as long as the event loop turns. Whoever cannot see
 * this process sees the counter move, on any machine that sees the file.
 */

/** What beats, and learns that another process has taken its place. */
export interface Beating {
  /** Writes the next beat. Must not reject. */
  beat(): Promise<void>;
}

/** Milliseconds between two beats. */
export const BEAT_MS = 1000;

const beating = new Set<Beating>();
let timer: NodeJS.Timeout | undefined;

export function startBeating(each: Beating): void {
  beating.add(each);
  timer ??= setInterval(beatAll, BEAT_MS).unref();
}

export function stopBeating(each: Beating): void {
  beating.delete(each);
  if (beating.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function beatAll(): void {
  for (const each of beating) void each.beat();
}
