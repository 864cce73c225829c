/** Many random changes by an attacker to a remote cache with `trust:`. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attack, attacks, keyPair, signedStore, trusting } from '../remote/attack.js';

it('no attack changes an out', async () => {
  const other = keyPair();
  await fc.assert(
    fc.asyncProperty(attacks, async (steps) => {
      const { server, key } = await signedStore();
      attack(server, steps, other);
      const reader = trusting(server, key);
      reader.env.PIPE_REMOTE_MODE = 'r';
      expect((await reader.run()).code).toBe(0);
      expect([reader.read('good.txt'), reader.read('bad.txt')]).toEqual(['good\n', 'bad\n']);
    }),
    { numRuns: Number(process.env.DRAWS ?? 500) },
  );
});
