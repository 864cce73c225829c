/** The stage `train`; test/slow/ trains more models, in shards and with other seeds. */
import { describe } from 'vitest';
import { goesOn, prepareTrainings } from './support/trainings.js';

prepareTrainings();

describe('deepvision', () => goesOn('deepvision'));
