/** The view library. Only this file imports it. */
export type { ComponentChildren, JSX } from 'preact';
export { Fragment, render } from 'preact';
export {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'preact/hooks';
