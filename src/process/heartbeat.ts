/**
 * Heartbeat of this process. Every lock and ticket file of this process holds a counter, which
 * advances once a second as long as the event loop turns, and with many files every three seconds.
 * A process that cannot see this one, on any machine that shares the file, sees the counter advance.
 */

/** A file with a heartbeat, which detects when another process has replaced it. */
interface Beating {
  /** Writes the next beat. Must not reject. */
  beat(): Promise<void>;
}

/** Milliseconds between two beats. */
export const BEAT_MS = 1000;

/** How many files beat each time. If there are more, each beats less often, to spare a file server. */
const AT_ONCE = 50;

/** Far shorter than the silence that counts as death. */
const MOST_APART = 3;

/** Each file, with the number of beats since its last. */
const beating = new Map<Beating, number>();
let timer: NodeJS.Timeout | undefined;

export function startBeating(each: Beating): void {
  beating.set(each, 0);
  timer ??= setInterval(beatAll, BEAT_MS).unref();
}

export function stopBeating(each: Beating): void {
  beating.delete(each);
  if (beating.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function beatAll(): void {
  const apart = Math.min(MOST_APART, Math.ceil(beating.size / AT_ONCE));
  for (const [each, passed] of beating) {
    beating.set(each, (passed + 1) % apart);
    if (passed + 1 >= apart) void each.beat();
  }
}
