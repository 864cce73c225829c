/** Links: every page, anchor and file that a page names exists, and so does every page that the code names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, PAGES, pageOf, ROOT } from './support/pages.js';

/** Links to files and anchors of this repository, with the page that contains them. */
const LINKS = PAGES.flatMap(({ file, text }) =>
  [...text.replace(/`[^`\n]*`/g, '``').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, to]) => {
    const [target = '', anchor] = to!.split('#');
    return { file, to: target === '' ? file : path.join(path.dirname(file), target), anchor };
  }),
);

/** Where text may name a page of docs/: messages, comments, examples. */
const FOLDERS = ['src', 'stages', 'examples', 'bench', 'bin', 'test', 'docs'];

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(c?js|mjs|ts|py|sh|ya?ml|md)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(
      (file) => !file.includes('node_modules') && !file.includes(`${path.sep}cache${path.sep}`),
    );
}

describe('links between pages', () => {
  it('lead to files that exist', () => {
    expect(LINKS.length).toBeGreaterThan(60);
    expect(LINKS.filter(({ to }) => !existsSync(path.join(ROOT, to)))).toEqual([]);
  });

  it('lead to headings that exist', () => {
    const toPages = LINKS.filter(({ to, anchor }) => anchor !== undefined && to.endsWith('.md'));
    expect(toPages.filter(({ to, anchor }) => !anchorsOf(pageOf(to)).has(anchor!))).toEqual([]);
  });

  it('reach every page of docs/ from its index', () => {
    const reached = new Set(['docs/README.md']);
    for (const page of reached)
      for (const { file, to } of LINKS) if (file === page && to.endsWith('.md')) reached.add(to);
    const pages = PAGES.map(({ file }) => file).filter((file) => file.startsWith('docs/'));
    // The page only forwards, because the code of a stage, and so the keys of recorded results,
    // contains its name.
    const isListed = (file: string) => reached.has(file) || file === 'docs/gpu.md';
    expect(pages.filter((file) => !isListed(file))).toEqual([]);
  });
});

describe('pages that the code names', () => {
  it('exist, by their path in the repository', () => {
    const named = FOLDERS.flatMap(filesBelow).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/(?<![\w./-])docs\/[\w/-]+\.md/g)].map(([page]) => ({
        file: path.relative(ROOT, file),
        page,
      })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ page }) => !existsSync(path.join(ROOT, page)))).toEqual([]);
  });

  it('exist, by the name that a message builds its path from', () => {
    const named = filesBelow('src').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/pagePath\('([^']*)'/g)].map(([, page]) => page!),
    );
    expect(named).toContain('stage-protocol.md');
    expect(named.filter((page) => !existsSync(path.join(ROOT, 'docs', page)))).toEqual([]);
  });
});
