/** The properties of meanwhile.test.ts and rivals.test.ts, many more times. */
import { it } from 'vitest';
import { checkScenes } from '../cli/support/meanwhile.js';
import { checkContests } from '../cli/support/rivals.js';

const HOUR = 3_600_000;

it('200 inputs that change and change back', { timeout: HOUR }, () => checkScenes(200));

it('60 contests between runs of one project', { timeout: HOUR }, () => checkContests(60));
