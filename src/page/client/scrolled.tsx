/** A scrollable element, whose content may be wider or longer than it is. */
import { type ComponentChildren, type JSX, useEffect, useRef, useState } from './view.js';

interface Props {
  /** What it contains, for screen readers. */
  readonly label: string;
  /** Its class. */
  readonly kind: 'wide' | 'wide tall' | 'graph' | 'log' | 'canvas';
  readonly children: ComponentChildren;
}

export function Scrolled({ label, kind, children }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  return (
    <section class={kind} ref={box} aria-label={label} {...useStop(box)}>
      {children}
    </section>
  );
}

/** The keyboard stops at what scrolls, and only there. */
export function useStop(box: { readonly current: HTMLElement | null }): { tabIndex?: 0 } {
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () =>
      setScrolls(
        element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight,
      );
    look();
    const observer = new ResizeObserver(look);
    for (const each of [element, ...element.children]) observer.observe(each);
    return () => observer.disconnect();
  }, [box]);
  return scrolls ? { tabIndex: 0 } : {};
}
