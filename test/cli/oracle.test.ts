/** Random pipelines under random edits, beside an oracle; test/long/ checks many more of them. */
import { expect, it } from 'vitest';
import { checkStaleness } from './support/staleness.js';

it('runs exactly what an oracle says, and makes what a build from scratch makes', async () => {
  const { kept } = await checkStaleness(4, 4, 1);
  expect(kept).toBeGreaterThan(3);
});
