/** Digests: content named by SHA-256 and tagged by kind. */

/**
 * `f:<hex>` a file, by its bytes; `x:<hex>` an executable file, by its bytes; `l:<hex>` a symbolic
 * link, by its target's text; `d:<hex>` a directory, by its listing (see tree.ts). The hex is the
 * object's name in the store, so `f:` and `x:` of the same bytes share one object.
 */
export type Digest = `${'f' | 'x' | 'l' | 'd'}:${string}`;

type Kind = 'file' | 'executable' | 'link' | 'directory';

const KINDS = { f: 'file', x: 'executable', l: 'link', d: 'directory' } as const;

export function kindOf(digest: Digest): Kind {
  return KINDS[digest[0] as keyof typeof KINDS];
}

/** Object name: 64 hexadecimal digits. */
export function nameOf(digest: Digest): string {
  return digest.slice(2);
}

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && /^[fxld]:[0-9a-f]{64}$/.test(text);
}
