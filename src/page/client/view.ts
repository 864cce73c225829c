/** The view library, entered through this file alone. */
export type { ComponentChildren, JSX } from 'preact';
export { render } from 'preact';
export { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
