/** The theme of the system: what is drawn on a canvas changes with it. */
import { useEffect, useState } from './view.js';

const DARK = '(prefers-color-scheme: dark)';

/** True when it is dark. */
export function useScheme(): boolean {
  const [isDark, setDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const media = matchMedia(DARK);
    const look = () => setDark(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, []);
  return isDark;
}
