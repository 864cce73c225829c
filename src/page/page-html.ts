/** The page as one HTML file: client code, style sheet and data inline, with a strict policy. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PageModel } from './model.js';

/** A file without requests, or a page that reads from its server. */
type Delivery = 'file' | 'live';

interface PageText {
  readonly html: string;
  /** Content-Security-Policy. In a file it is also a `meta` element. */
  readonly policy: string;
}

/** Every page starts with this text. */
export const PAGE_START = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="`;

/** `dist`: the folder with the built client. */
export function pageText(dist: string, delivery: Delivery, model?: PageModel): PageText {
  const code = readFileSync(path.join(dist, 'page', 'page.js'), 'utf8');
  const style = readFileSync(path.join(dist, 'page', 'page.css'), 'utf8');
  const policy = policyOf(code, style, delivery);
  // `frame-ancestors` is valid only in the header: browsers warn about it in the element.
  const meta = policy.replace(/; frame-ancestors [^;]*/, '');
  const title = model === undefined ? 'pipe' : `${escaped(model.project)} · pipe`;
  const data = model === undefined ? '' : embedded(model);
  const html = `${PAGE_START}${meta}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style>
</head>
<body data-delivery="${delivery}">
<div id="app"></div>
<noscript>This page needs JavaScript to show its tables and charts.</noscript>
${data}<script>${code}</script>
</body>
</html>
`;
  return { html, policy };
}

/** Only the two inline texts run or apply, by their hashes. */
function policyOf(code: string, style: string, delivery: Delivery): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(code)}`,
    `style-src ${hashOf(style)}`,
    `img-src data:${delivery === 'live' ? " 'self'" : ''}`,
    ...(delivery === 'live' ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** JSON without `<`, so that an HTML parser cannot leave the element. */
function embedded(model: PageModel): string {
  const json = JSON.stringify(model).replaceAll('<', '\\u003c');
  return `<script type="application/json" id="data">${json}</script>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
