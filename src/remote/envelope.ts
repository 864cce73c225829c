/**
 * Format of a record in a remote cache: a line of JSON with the checksum and the signature of the
 * body, then the body. The body contains its own key, so a record copied to another name is
 * rejected.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userError } from '../error.js';
import { ifJson, isTree } from '../json.js';

interface Head {
  readonly sha256: string;
  readonly signature?: { readonly key: string; readonly value: string };
}

const PREFIX = 'ed25519:';

/** Signs the records that we write, and verifies those that we read. */
export class Trust {
  readonly #trusted: ReadonlySet<string> | undefined;
  readonly #signer: KeyObject | undefined;
  readonly #own: string | undefined;

  /**
   * `trust`: public keys, one of which must have signed a record; undefined: all records are
   * accepted. `signingKey`: a private Ed25519 key, as PEM, as `ed25519:` with its PKCS #8 in
   * base64, or the path of a PEM file.
   *
   * @throws UserError for a key that cannot be read
   */
  constructor(trust: readonly string[] | undefined, signingKey: string | undefined) {
    this.#signer = signingKey ? privateKey(signingKey) : undefined;
    this.#own = this.#signer && publicText(createPublicKey(this.#signer));
    this.#trusted = trust && new Set(trust.map((key) => publicText(publicKey(key))));
  }

  /** Why readers with the same `trust` would reject what we write; undefined if they would not. */
  get unsigned(): string | undefined {
    if (this.#trusted === undefined || this.#trusted.has(this.#own ?? '')) return undefined;
    const what = this.#own === undefined ? 'not set' : 'not one of the keys in remote.trust';
    return `PIPE_REMOTE_SIGNING_KEY is ${what}, so readers would reject its results`;
  }

  seal(body: string): Buffer {
    const signature = this.#signer && {
      key: this.#own as string,
      value: sign(null, Buffer.from(body), this.#signer).toString('base64'),
    };
    const head: Head = { sha256: hash('sha256', body), ...(signature && { signature }) };
    return Buffer.from(`${JSON.stringify(head)}\n${body}`);
  }

  /** The body, or the reason to reject it. */
  open(bytes: Buffer): { readonly body: string } | { readonly refused: string } {
    const end = bytes.indexOf(10);
    const head = headIn(bytes.subarray(0, Math.max(0, end)).toString('utf8'));
    const body = bytes.subarray(end + 1);
    if (head === undefined || hash('sha256', body) !== head.sha256)
      return { refused: 'is damaged' };
    if (this.#trusted === undefined) return { body: body.toString('utf8') };
    const { signature } = head;
    if (signature === undefined) return { refused: 'is not signed' };
    if (!this.#trusted.has(signature.key))
      return { refused: 'is signed by a key that is not trusted' };
    return verify(null, body, publicKey(signature.key), Buffer.from(signature.value, 'base64'))
      ? { body: body.toString('utf8') }
      : { refused: 'has an invalid signature' };
  }
}

function headIn(text: string): Head | undefined {
  const head = ifJson(text);
  if (!isTree(head) || typeof head.sha256 !== 'string') return undefined;
  const { sha256, signature } = head;
  if (signature === undefined) return { sha256 };
  if (!isTree(signature)) return undefined;
  const { key, value } = signature;
  return typeof key === 'string' && typeof value === 'string'
    ? { sha256, signature: { key, value } }
    : undefined;
}

function publicText(key: KeyObject): string {
  return PREFIX + key.export({ type: 'spki', format: 'der' }).toString('base64');
}

function publicKey(text: string): KeyObject {
  return readKey(text, 'remote.trust', () =>
    createPublicKey({
      key: Buffer.from(text.slice(PREFIX.length), 'base64'),
      format: 'der',
      type: 'spki',
    }),
  );
}

function privateKey(text: string): KeyObject {
  return readKey(text, 'PIPE_REMOTE_SIGNING_KEY', () => {
    if (!text.startsWith(PREFIX))
      return createPrivateKey(text.includes('PRIVATE KEY') ? text : readFileSync(text));
    const key = Buffer.from(text.slice(PREFIX.length), 'base64');
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  });
}

/** Never shows the key. */
function readKey(text: string, where: string, read: () => KeyObject): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Reported below, because the library's error does not name the place.
  }
  throw userError(
    'remote-key',
    `${where} is not an Ed25519 key${text.startsWith(PREFIX) ? '' : ` and does not begin with ${PREFIX}`}`,
    'generate a key pair with `pipe remote keygen`',
  );
}
