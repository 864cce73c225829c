/** Random pipelines under random edits, beside an oracle; test/long/ checks many more of them, each run a process. */
import { expect, it } from 'vitest';
import { ProjectWithin } from '../rig/within.js';
import { checkStaleness } from './support/staleness.js';

it('runs exactly what an oracle says, and makes what a build from scratch makes', async () => {
  const { kept } = await checkStaleness(4, 4, { seed: 1, Kind: ProjectWithin });
  expect(kept).toBeGreaterThan(3);
});
