/** Many trees of links, compared with an oracle of real paths. */
import { it } from 'vitest';
import { checkLinks } from '../cli/support/linked-trees.js';

it('gives the same result as the real paths, or is refused before anything changes', async () => {
  await checkLinks(400);
}, 3_600_000);
