/** Many random pipelines under many random edits; the seed is printed with a failure. */
import { expect, it } from 'vitest';
import { checkStaleness } from '../cli/support/staleness.js';

it('runs exactly what an oracle says, and makes what a build from scratch makes', async () => {
  await checkStaleness(150, 12);
  expect.hasAssertions();
});
