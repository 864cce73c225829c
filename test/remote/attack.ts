/** An attacker who may write everything on the server, against readers who trust one key. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { Trust } from '../../src/remote/envelope.js';
import type { Project } from '../rig/project.js';
import { cloneWithin } from './clones.js';
import { namesIn, type Server, sharedFolder } from './servers.js';

export interface KeyPair {
  readonly public: string;
  readonly private: string;
}

export function keyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return {
    public: `ed25519:${der.toString('base64')}`,
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** Two items whose results an attacker would like to exchange. */
const PIPELINE = `
stages:
  good: { cmd: "echo good > good.txt", outs: [good.txt] }
  bad: { cmd: "echo bad > bad.txt", outs: [bad.txt] }
`;

/** A clone that accepts only records that the key has signed. */
export function trusting(server: Server, trust: KeyPair): Project {
  const made = cloneWithin(server, PIPELINE);
  const text = made.read('pipeline.yaml').split('\n').slice(1).join('\n');
  made.write(
    'pipeline.yaml',
    `remote: { url: "${server.remote}", trust: ["${trust.public}"] }\n${text}`,
  );
  return made;
}

/** A store with the signed results of both items. */
export async function signedStore(): Promise<{ readonly server: Server; readonly key: KeyPair }> {
  const [server, key] = [sharedFolder(), keyPair()];
  const writer = trusting(server, key);
  writer.env.PIPE_REMOTE_SIGNING_KEY = key.private;
  const run = await writer.run();
  if (run.code !== 0 || namesIn(server).length !== 4) throw new Error(`not written: ${run.err}`);
  return { server, key };
}

/**
 * Restores every file of the store to its current state, so that each case attacks an intact one.
 */
export function mended(server: Server): () => void {
  const files = namesIn(server).map((name) => path.join(server.data, name));
  const all = files.map((file) => [file, readFileSync(file)] as const);
  return () => {
    for (const [file, bytes] of all) writeFileSync(file, bytes);
  };
}

const digit = fc.nat(1_000_000);
const AttackOf = fc.oneof(
  fc.record({ kind: fc.constant('copy' as const), from: digit, to: digit }),
  fc.record({ kind: fc.constant('flip' as const), at: digit, to: digit }),
  fc.record({ kind: fc.constant('cut' as const), at: digit, to: digit }),
  fc.record({ kind: fc.constant('remove' as const), to: digit }),
  fc.record({ kind: fc.constant('unsign' as const), to: digit }),
  fc.record({ kind: fc.constant('exchange' as const), sign: fc.boolean(), to: digit }),
);
export const attacks = fc.array(AttackOf, { minLength: 1, maxLength: 4 });
type Attack = typeof AttackOf extends fc.Arbitrary<infer T> ? T : never;

/** Changes the store as an attacker with another key can. */
export function attack(server: Server, steps: readonly Attack[], other: KeyPair): void {
  const names = namesIn(server);
  const file = (at: number) => path.join(server.data, names[at % names.length] as string);
  const bytes = (at: number) => {
    try {
      return readFileSync(file(at));
    } catch {
      return Buffer.alloc(0); // Removed by an earlier step.
    }
  };
  for (const step of steps) {
    const old = bytes(step.to);
    const write = (now: Uint8Array) => writeFileSync(file(step.to), now);
    if (step.kind === 'copy') write(bytes(step.from));
    else if (step.kind === 'cut') write(old.subarray(0, step.at % (old.length + 1)));
    else if (step.kind === 'remove') rmSync(file(step.to), { force: true });
    else if (step.kind === 'unsign') write(unsigned(old));
    else if (step.kind === 'exchange') write(exchanged(old, server, step.sign ? other : undefined));
    else if (old.length > 0) {
      old[step.at % old.length] = (old[step.at % old.length] as number) ^ 1;
      write(old);
    }
  }
}

function bodyIn(record: Buffer): string {
  return record.subarray(record.indexOf(10) + 1).toString();
}

function unsigned(record: Buffer): Buffer {
  return new Trust(undefined, undefined).seal(bodyIn(record));
}

/** The record with the digest of another object of the store. */
function exchanged(record: Buffer, server: Server, signer: KeyPair | undefined): Buffer {
  const hexes = namesIn(server).flatMap((name) => name.match(/^cas\/(.*)/)?.[1] ?? []);
  const body = bodyIn(record).replace(/"f:([0-9a-f]{64})"/g, (whole, hex) => {
    const another = hexes.find((each) => each !== hex);
    return another === undefined ? whole : `"f:${another}"`;
  });
  return new Trust(undefined, signer?.private).seal(body);
}
