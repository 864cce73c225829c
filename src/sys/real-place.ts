/** Real paths of entries that may not exist yet. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { LEADS_NOWHERE, unless } from './if-there.js';

/** The real path, as far as the path exists. */
export function realPlace(absolute: string): string {
  return unless(LEADS_NOWHERE, () => realpathSync.native(absolute)) ?? inRealFolder(absolute);
}

/** The last name, unresolved, in the real path of its folder. */
export function inRealFolder(absolute: string): string {
  const folder = path.dirname(absolute);
  return folder === absolute ? absolute : path.join(realPlace(folder), path.basename(absolute));
}
