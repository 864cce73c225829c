/**
 * Heartbeat of this process. Every lock and ticket file of this process holds a counter, which
 * advances once a second as long as the event loop turns. A process that cannot see this one, on any
 * machine that shares the file, sees the counter advance.
 */

/** A file with a heartbeat, which learns when another process has taken its place. */
interface Beating {
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
