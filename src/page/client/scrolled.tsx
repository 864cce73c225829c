/** A scrollable element, whose content may be wider or longer than it is. */
import type { ComponentChildren, JSX } from './view.js';

interface Props {
  /** What it contains, for screen readers. */
  readonly label: string;
  /** Its class. */
  readonly kind: 'wide' | 'wide tall' | 'graph' | 'log';
  readonly children: ComponentChildren;
}

export function Scrolled({ label, kind, children }: Props): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls what has the focus.
    <section class={kind} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
