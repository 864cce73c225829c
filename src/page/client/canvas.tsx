/** A canvas as wide as its parent, drawn again when size, theme or content change. */
import { useScheme } from './scheme.js';
import { Scrolled } from './scrolled.js';
import { type JSX, useEffect, useLayoutEffect, useRef, useState } from './view.js';

export interface Paper {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** The value of a CSS variable. */
  readonly color: (name: string) => string;
}

interface Props {
  readonly label: string;
  readonly height: number;
  /** Minimum width: in a narrower parent it scrolls. */
  readonly least?: number;
  readonly draw: (paper: Paper) => void;
  readonly onPoint?: (x: number, y: number, width: number, isClick: boolean) => void;
}

export function Canvas({ label, height, least = 0, draw, onPoint }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const scheme = useScheme();
  useEffect(() => {
    const parent = canvas.current?.parentElement;
    if (!parent) return;
    const look = () => setWidth(Math.max(least, parent.clientWidth));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(parent);
    return () => observer.disconnect();
  }, [least]);
  // Depends on the theme, which changes the CSS colours. A layout effect, since a browser that prints does not wait.
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || width === 0) return;
    const ratio = devicePixelRatio;
    element.width = width * ratio;
    element.height = height * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(element);
    context.font = `12px ${style.fontFamily}`;
    draw({ context, width, height, color: (name) => style.getPropertyValue(name).trim() });
  }, [draw, width, height, scheme]);
  const point = (event: MouseEvent) =>
    onPoint?.(event.offsetX, event.offsetY, width, event.type === 'click');
  return (
    <Scrolled kind="canvas" label="Drawing">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        style={{ width: `${width}px`, height: `${height}px` }}
        onMouseMove={point}
        onClick={point}
      />
    </Scrolled>
  );
}

export function line(
  context: Paper['context'],
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
