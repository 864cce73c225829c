/** Many pipelines whose stages make links, compared with builds from scratch. */
import { it } from 'vitest';
import { checkMadeLinks } from '../cli/support/made-links.js';

it('give the result of a build from scratch, or are refused', async () => {
  await checkMadeLinks(200);
}, 3_600_000);
