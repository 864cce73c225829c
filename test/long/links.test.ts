/** Many trees of links beside an oracle of real paths. */
import { it } from 'vitest';
import { checkLinks } from '../cli/support/linked-trees.js';

it('gives what the real paths give, or is refused untouched', async () => {
  await checkLinks(400);
}, 3_600_000);
