/** A long training uses no more memory than a short one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundleChild } from '../stages/support/bundle.js';
import type { Held } from '../stages/support/memory-child.js';

const run = promisify(execFile);

test('a training uses the same memory after 1,000 updates as after 200', async () => {
  const bundle = await bundleChild('memory-child.ts');
  try {
    const { stdout } = await run(process.execPath, ['--expose-gc', bundle.file, '200', '1000']);
    const [early, late] = JSON.parse(stdout.trim().split('\n').at(-1)!) as [Held, Held];
    console.log(`${early.resident / 1e6} MB after 200 updates, ${late.resident / 1e6} after 1,000`);
    expect(late.tensors).toBe(early.tensors);
    expect(late.heap).toBe(early.heap);
    // What V8 keeps of compiled code and freed pages differs by some megabytes from time to time.
    expect(late.resident).toBeLessThan(early.resident + 40e6);
  } finally {
    bundle.remove();
  }
});
