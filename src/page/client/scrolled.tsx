/** A scrollable element, whose content may be wider or longer than it is. */
import { type ComponentChildren, type JSX, useEffect, useRef, useState } from './view.js';

interface Props {
  /** What it contains, for screen readers. */
  readonly label: string;
  /** Its class. */
  readonly kind: 'wide' | 'tall' | 'wide tall' | 'graph' | 'log' | 'canvas';
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

type Box = { readonly current: HTMLElement | null };

/** The keyboard stops at what scrolls, and only there. */
export function useStop(box: Box): { tabIndex?: 0 } {
  const [scrolls, setScrolls] = useState(false);
  useSize(box, ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
    setScrolls(scrollWidth > clientWidth || scrollHeight > clientHeight),
  );
  return scrolls ? { tabIndex: 0 } : {};
}

/** Looks at an element when it appears, and whenever it or its content changes its size. */
export function useSize(box: Box, look: (element: HTMLElement) => void): void {
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => look(element));
    look(element);
    for (const each of [element, ...element.children]) observer.observe(each);
    return () => observer.disconnect();
  }, [box]);
}
