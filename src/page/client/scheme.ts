/** Media of the page: theme, paper and width. Canvases are drawn again when they change. */
import { useEffect, useState } from './view.js';

/** The theme of the system, or paper, which is light. */
export function useScheme(): 'dark' | 'light' | 'paper' {
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const isPaper = useMedia('print');
  return isPaper ? 'paper' : isDark ? 'dark' : 'light';
}

/** Becomes true before the browser computes the pages, which is earlier than the change of the medium. */
export function usePrinting(): boolean {
  const isPaper = useMedia('print');
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    const begin = () => setAsked(true);
    const end = () => setAsked(false);
    addEventListener('beforeprint', begin);
    addEventListener('afterprint', end);
    return () => {
      removeEventListener('beforeprint', begin);
      removeEventListener('afterprint', end);
    };
  }, []);
  return isPaper || isAsked;
}

/** True below the width of a tablet. */
export function useNarrow(): boolean {
  return useMedia('screen and (max-width: 700px)');
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = () => setMatches(media.matches);
    look();
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return matches;
}
