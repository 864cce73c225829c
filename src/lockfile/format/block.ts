/** A pipeline.lock block: the entries of one item and their text, in one canonical form. */
import type { Digest } from '../../cache/objects/digest.js';
import { canonical, sha256 } from '../../canonical.js';
import type { CommandCode, EpochChoice, Manifest, ModuleCode } from '../../manifest.js';
import type { Json } from '../../stage/context.js';

/** The result of an item and all inputs of its key. */
export interface LockBlock {
  readonly key: string;
  readonly code: ModuleCode | CommandCode;
  readonly params: Readonly<Record<string, Json>>;
  /** Values are hashed, because they are private. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly deps: Manifest['deps'];
  readonly outs: Readonly<Record<string, LockedOut>>;
  /** By out, then by dot path. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** For an incremental item. */
  readonly epochs?: LockedEpochs;
}

export interface LockedOut {
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

export interface LockedEpochs {
  readonly target: number;
  readonly patience?: number;
  readonly best?: EpochChoice['best'];
  /** Digests of the states after some epochs: 1, 2, 4, 8 … and the epoch of the outs. */
  readonly states: Readonly<Record<number, Digest>>;
}

/** A heading or entry name as YAML: quoted unless it is plainly a string. */
export function nameText(name: string): string {
  const plain = /^[A-Za-z_][\w.@,/+=-]*$/.test(name) && !/^(?:true|false|null)$/i.test(name);
  return plain ? name : JSON.stringify(name);
}

/** The lines of a block, heading first. The checksum covers the heading. */
export function blockText(section: string, item: string, block: LockBlock): string {
  const body = bodyText(block);
  return `  ${nameText(item)}:\n${body}    seal: ${sealOf(section, item, body)}\n`;
}

/** Short, because it detects accidents and edits, not forgery. */
export function sealOf(section: string, item: string, body: string): string {
  return sha256(`pipe lock\n${section}\n${item}\n${body}`).slice(0, 16);
}

/** The parts of a manifest that the lock keeps, in the form that reading the file returns. */
export function lockedParts(manifest: Manifest): Pick<LockBlock, 'code' | 'params' | 'env'> {
  const env = Object.entries(manifest.env).map(([name, value]) => [
    name,
    value === null
      ? null
      : sha256(`pipe env\n${isText(value) ? value : JSON.stringify(value)}`).slice(0, 16),
  ]);
  const parts = { code: manifest.code, params: manifest.params, env: Object.fromEntries(env) };
  return JSON.parse(jsonText(parts)) as Pick<LockBlock, 'code' | 'params' | 'env'>;
}

/** False for a value that is not UTF-8, because many such values would share one hash. */
function isText(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}

/** JSON with sorted keys; NaN and the infinities, which YAML has but JSON lacks, as strings. */
function jsonText(value: unknown): string {
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (_key, each: unknown) =>
      typeof each === 'number' && !Number.isFinite(each) ? `<${each}>` : each,
    ),
  );
  return canonical(plain);
}

function bodyText({ key, code, params, env, deps, outs, metrics, epochs }: LockBlock): string {
  const lines = [`    key: ${key}`, `    code: ${jsonText(code)}`];
  if (Object.keys(params).length > 0) lines.push(`    params: ${jsonText(params)}`);
  if (Object.keys(env).length > 0) lines.push(`    env: ${jsonText(env)}`);
  lines.push(...entries('deps', deps, String));
  lines.push(
    ...entries(
      'outs',
      outs,
      ({ digest, size, files }) => `{ digest: ${digest}, size: ${size}, files: ${files} }`,
    ),
  );
  if (epochs !== undefined) {
    lines.push(`    target: ${epochs.target}`);
    if (epochs.patience !== undefined) lines.push(`    patience: ${epochs.patience}`);
    if (epochs.best !== undefined) lines.push(`    best: ${jsonText(epochs.best)}`);
    const states = Object.entries(epochs.states).sort(([a], [b]) => Number(a) - Number(b));
    if (states.length > 0) lines.push('    epochs:');
    for (const [epoch, digest] of states) lines.push(`      ${epoch}: ${digest}`);
  }
  const measured = Object.entries(metrics).filter(([, values]) => Object.keys(values).length > 0);
  if (measured.length > 0) lines.push('    metrics:');
  for (const [out, values] of measured.sort(byName)) {
    lines.push(`      ${nameText(out)}:`);
    for (const [path, value] of Object.entries(values).sort(byName))
      lines.push(`        ${nameText(path)}: ${JSON.stringify(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function entries<T>(
  title: string,
  map: Readonly<Record<string, T>>,
  text: (value: T) => string,
): string[] {
  const sorted = Object.entries(map).sort(byName);
  if (sorted.length === 0) return [];
  return [
    `    ${title}:`,
    ...sorted.map(([name, value]) => `      ${nameText(name)}: ${text(value)}`),
  ];
}

/** Code unit order, the same in every locale. */
export function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
