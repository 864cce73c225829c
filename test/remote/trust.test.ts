/** With `trust:`, not even an attacker who may write everything on the server can change an out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attack, attacks, keyPair, mended, signedStore, trusting } from './attack.js';
import { namesIn, sharedFolder } from './servers.js';

describe('a remote cache with trust', () => {
  it('gives readers the results that the trusted key has signed', async () => {
    const { server, key } = await signedStore();
    const { summary, err } = await trusting(server, key).run();
    expect(summary).toMatchObject({ ran: 0, restored: 2 });
    expect(err).toBe('');
  });

  it.each([
    ['unsigned', 'unsign', 'is not signed'],
    ['with one digest exchanged and unsigned', 'exchange', 'is not signed'],
    ['of another key', 'exchange signed', 'signed by a key that is not trusted'],
    ['under another key', 'copy', 'belongs to another key'],
  ])('counts a record %s as absent', async (_, kind, reason) => {
    const { server, key } = await signedStore();
    const records = namesIn(server).flatMap((name, at) => (name.startsWith('ac/') ? [at] : []));
    const [from, to] = records as [number, number];
    const other = keyPair();
    if (kind === 'unsign') attack(server, [{ kind, to }], other);
    else if (kind === 'copy') attack(server, [{ kind, from, to }], other);
    else attack(server, [{ kind: 'exchange', sign: kind.includes('signed'), to }], other);
    const reader = trusting(server, key);
    reader.env.PIPE_REMOTE_MODE = 'r';
    const { summary, events } = await reader.run();
    expect(summary).toMatchObject({ ran: 1, restored: 1 });
    const told = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(told).toEqual([expect.stringContaining(reason)]);
    expect([reader.read('good.txt'), reader.read('bad.txt')]).toEqual(['good\n', 'bad\n']);
  });

  it('keeps its outs whatever an attacker writes (test/long/attack.test.ts tries more)', async () => {
    const { server, key } = await signedStore();
    const [other, mend] = [keyPair(), mended(server)];
    await fc.assert(
      fc.asyncProperty(attacks, async (steps) => {
        mend();
        attack(server, steps, other);
        const reader = trusting(server, key);
        reader.env.PIPE_REMOTE_MODE = 'r';
        const { code } = await reader.run();
        expect(code).toBe(0);
        expect([reader.read('good.txt'), reader.read('bad.txt')]).toEqual(['good\n', 'bad\n']);
      }),
      { numRuns: 8 },
    );
  });

  it('sends nothing without a trusted key, and says so', async () => {
    const [server, key] = [sharedFolder(), keyPair()];
    for (const [signing, reason] of [
      ['', 'PIPE_REMOTE_SIGNING_KEY is not set'],
      [keyPair().private, 'not one of the keys in remote.trust'],
    ] as const) {
      const writer = trusting(server, key);
      writer.env.PIPE_REMOTE_SIGNING_KEY = signing;
      const { events, code } = await writer.run();
      expect(code).toBe(0);
      expect(events.filter(({ type }) => type === 'warning')).toEqual([
        expect.objectContaining({
          message: expect.stringContaining(reason),
        }),
      ]);
      expect(namesIn(server)).toEqual([]);
    }
  });

  it('prints key pairs that work, and names a key that is not one', async () => {
    const [server, key] = [sharedFolder(), keyPair()];
    const made = trusting(server, key);
    const pair = JSON.parse((await made.pipe('remote', 'keygen', '--json')).out);
    const writer = trusting(server, pair);
    writer.env.PIPE_REMOTE_SIGNING_KEY = pair.private;
    await writer.run();
    expect((await trusting(server, pair).run()).summary).toMatchObject({ restored: 2 });
    writer.env.PIPE_REMOTE_SIGNING_KEY = 'ed25519:nonsense';
    writer.remove('good.txt');
    writer.remove('cache');
    const refused = await writer.pipe('run');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('PIPE_REMOTE_SIGNING_KEY is not an Ed25519 key');
    expect(refused.err).not.toContain('nonsense');
  });
});
