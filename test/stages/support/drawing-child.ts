/** Bundled, so that threads draw; prints the digests. The threads load this file too, to serve alone. */
import { isMainThread } from 'node:worker_threads';
import { digestsOfTwoEpochs } from './drawing.js';

if (isMainThread) console.log(JSON.stringify(await digestsOfTwoEpochs()));
