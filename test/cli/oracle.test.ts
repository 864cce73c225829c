/** Random pipelines under random edits, compared with an oracle; test/long/ has many more, as processes. */
import { expect, it } from 'vitest';
import { ProjectWithin } from '../rig/within.js';
import { checkStaleness } from './support/staleness.js';

it('runs exactly what an oracle predicts, with the result of a build from scratch', async () => {
  const { kept } = await checkStaleness(4, 4, { seed: 1, Kind: ProjectWithin });
  expect(kept).toBeGreaterThan(3);
});
