/** The end of a log; the live page requests it again while the item runs. */
import type { PageLog } from '../model.js';
import { bytes } from './format-values.js';
import { Scrolled } from './scrolled.js';
import { type JSX, useEffect, useState } from './view.js';

const ASK_MS = 1000;

export function LiveLog({
  item,
  isOpen,
}: {
  readonly item: string;
  readonly isOpen: boolean;
}): JSX.Element | null {
  const [log, setLog] = useState<PageLog>();
  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      const answer = await fetch(`/log?item=${encodeURIComponent(item)}`, { signal: stop.signal });
      if (answer.ok) setLog((await answer.json()) as PageLog);
    };
    // The connection is shown as lost elsewhere; the next second asks again.
    const look = () => void ask().catch(() => undefined);
    look();
    const timer = isOpen ? setInterval(look, ASK_MS) : undefined;
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [item, isOpen]);
  return log === undefined ? null : <LogText tail={log.tail} size={log.bytes} />;
}

export function LogText({
  tail,
  size,
}: {
  readonly tail: readonly string[];
  readonly size: number;
}) {
  const shown = tail.reduce((sum, line) => sum + line.length + 1, 0);
  const isCut = shown < size / 2;
  return (
    <section aria-label="Log">
      <h3>
        Log
        <span class="soft">
          {' '}
          {size === 0
            ? 'empty'
            : isCut
              ? `the last ${tail.length} lines of ${bytes(size)}`
              : bytes(size)}
        </span>
      </h3>
      {tail.length > 0 && (
        <Scrolled kind="log" label="Last lines of the log">
          <pre>{tail.join('\n')}</pre>
        </Scrolled>
      )}
    </section>
  );
}
