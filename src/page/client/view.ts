/** The view library. Only this file imports it. */
export type { ComponentChildren, JSX } from 'preact';
export { render } from 'preact';
export { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
