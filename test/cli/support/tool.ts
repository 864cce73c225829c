/** The single command of all stages of a random pipeline, and the same computation in JavaScript. */

/**
 * `tool.sh <item> <modulus> <fails> <kind> <out> <words> <dep>…`: writes a number computed from its
 * words and all its inputs. A small modulus gives the same out for many inputs (early cutoff); with
 * `fails` 1 the number 0 is a failure. Each execution adds a line to $RAN, and takes $SLOW seconds more.
 */
export const TOOL = `set -eu
item=$1 modulus=$2 fails=$3 kind=$4 out=$5 words=$6
shift 6
echo "$item" >> "$RAN"
[ -z "\${SLOW:-}" ] || sleep "$SLOW"
read_all() {
  printf '%s\\n' "$words"
  for dep in "$@"; do
    if [ -d "$dep" ]; then
      (cd "$dep" && find -L . -type f | LC_ALL=C sort | while read -r file; do echo "$file"; cat "$file"; done)
    elif [ -e "$dep" ]; then
      cat "$dep"
    fi
  done
}
sum=$(read_all "$@" | cksum)
value=$((\${sum%% *} % modulus))
[ "$fails:$value" != 1:0 ]
case $kind in
  file) echo "$value" > "$out" ;;
  folder) mkdir -p "$out/deep"; echo "$value" > "$out/deep/main"; echo $((value % 2)) > "$out/parity" ;;
esac
`;

/** Content of a path: a file, or the files below a folder by relative path in byte order. */
export type Content = FileContent | FolderContent;

export interface FileContent {
  readonly kind: 'file';
  readonly text: string;
  readonly executable: boolean;
}

export interface FolderContent {
  readonly kind: 'folder';
  readonly files: ReadonlyMap<string, FileContent>;
}

export function plainFile(text: string): FileContent {
  return { kind: 'file', text, executable: false };
}

/** The out that the tool writes; undefined if it fails. */
export function outOf(
  how: { modulus: number; fails: boolean; kind: 'file' | 'folder'; words: string },
  deps: readonly Content[],
): Content | undefined {
  const text = `${how.words}\n${deps.map(textOf).join('')}`;
  const value = cksum(Buffer.from(text)) % how.modulus;
  if (how.fails && value === 0) return undefined;
  if (how.kind === 'file') return plainFile(`${value}\n`);
  const files = new Map([
    ['deep/main', plainFile(`${value}\n`)],
    ['parity', plainFile(`${value % 2}\n`)],
  ]);
  return { kind: 'folder', files };
}

function textOf(content: Content): string {
  if (content.kind === 'file') return content.text;
  return [...content.files].map(([name, file]) => `./${name}\n${file.text}`).join('');
}

/** A text that is equal exactly for equal contents. */
export function signature(content: Content | undefined): string {
  if (content === undefined) return 'nothing';
  if (content.kind === 'file') return `${content.executable ? 'x' : 'f'}:${content.text}`;
  return `d:${JSON.stringify([...content.files].map(([name, file]) => [name, signature(file)]))}`;
}

/** As POSIX `cksum`: a CRC of the bytes, then of their number. */
function cksum(bytes: Uint8Array): number {
  let crc = 0;
  const feed = (byte: number) => {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  };
  for (const byte of bytes) feed(byte);
  for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) feed(length & 255);
  return ~crc >>> 0;
}
