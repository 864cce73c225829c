/** The pages of the documentation as text, and the code blocks in them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Page {
  /** Its path in the repository. */
  readonly file: string;
  readonly text: string;
}

export interface Block {
  readonly file: string;
  /** The line of its first line of content. */
  readonly line: number;
  readonly language: string;
  /** The text after the language on the line that opens the block. */
  readonly info: string;
  readonly text: string;
}

/** README, CHANGELOG and all of docs/, in this order. */
export const PAGES: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.posix.join('docs', name.split(path.sep).join('/')))
    .sort(),
].map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));

/** @throws Error when there is no such page */
export function pageOf(file: string): Page {
  const page = PAGES.find((each) => each.file === file);
  if (page === undefined) throw new Error(`no page ${file}`);
  return page;
}

export function blocksOf({ file, text }: Page): Block[] {
  return [...text.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[1]!,
    info: match[2]!,
    text: match[3]!,
  }));
}

/** The anchors of a page, as GitHub makes them of its headings. */
export function anchorsOf({ text }: Page): Set<string> {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
