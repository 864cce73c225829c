/** Canonical JSON: one text for one value, with sorted keys, for hashes and comparisons. */
import { hash } from 'node:crypto';

/** JSON without white space, keys of objects in code unit order; omits `undefined` members. */
export function canonical(value: unknown): string {
  return isInOrder(value) ? (JSON.stringify(value) as string) : inOrder(value);
}

/** True for objects whose keys are sorted already, so that plain JSON is canonical. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value !== undefined;
  if (Array.isArray(value)) return value.every(isInOrder);
  let before: string | undefined;
  for (const key of Object.keys(value)) {
    if (before !== undefined && key < before) return false;
    if (!isInOrder((value as Record<string, unknown>)[key])) return false;
    before = key;
  }
  return true;
}

function inOrder(value: unknown): string {
  if (value === null || typeof value !== 'object') return scalar(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members: string[] = [];
  const tree = value as Record<string, unknown>;
  for (const key of Object.keys(tree).sort()) {
    const member = tree[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonical(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** JSON lacks NaN and the infinities, but YAML has them: each gets a text that no string produces. */
function scalar(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return `<${value}>`;
  return JSON.stringify(value) ?? 'null';
}

/** SHA-256 of bytes, or of a text in UTF-8, as 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content);
}
