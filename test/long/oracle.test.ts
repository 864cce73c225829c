/** Many random pipelines under many random edits; the seed is printed with a failure. */
import { expect, it } from 'vitest';
import { checkStaleness } from '../cli/support/staleness.js';

it('runs exactly what an oracle predicts, with the result of a build from scratch', async () => {
  await checkStaleness(150, 12);
  expect.hasAssertions();
});
