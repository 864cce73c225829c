/** The text of a Python file, and the directives in its comments. Pure. */

export interface Source {
  /** With `\n` as its only line end, as Python itself reads it. */
  readonly text: string;
  /** False for other encodings: then the text is only used to find imports. */
  readonly isUtf8: boolean;
  /** Other significant text: comments for the system and for `uv run`, the kernel of a notebook. */
  readonly directives: string;
}

const CODING = /^(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)/;
const SCRIPT_BLOCK = /^# \/\/\/ script$[\s\S]*?^# \/\/\/$/m;

export function sourceOf(bytes: Uint8Array): Source {
  const raw = Buffer.from(bytes);
  const utf8 = raw.toString('utf8').replace(/^\ufeff/, '');
  const coding = /^[ \t\f]*(?:#|\r?\n|$)/.test(utf8) ? CODING.exec(utf8)?.[1] : undefined;
  const isUtf8 =
    (coding === undefined || /^(?:utf-?8|u8|ascii|us-ascii)/i.test(coding.replace('_', '-'))) &&
    !utf8.includes('\ufffd');
  const text = (isUtf8 ? utf8 : raw.toString('latin1')).replace(/\r\n?/g, '\n');
  const shebang = /^#![^\n]*/.exec(text)?.[0] ?? '';
  return { text, isUtf8, directives: `${shebang}\n${SCRIPT_BLOCK.exec(text)?.[0] ?? ''}` };
}
