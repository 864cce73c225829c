/** Markup escapes its input, and nothing twice. */

import { html, jsonScript } from '@pipe-experiment/pages/markup.js';
import { describe, expect, it } from 'vitest';

describe('markup', () => {
  it('escapes text and keeps markup, in lists and attributes too', () => {
    const inner = html`<b>${'a < b'}</b>`;
    const text = html`<p title="${'"quoted" & more'}">${[inner, ' ', 'c > d', 3]}</p>`.markup;
    expect(text).toBe('<p title="&quot;quoted&quot; &amp; more"><b>a &lt; b</b> c &gt; d3</p>');
  });

  it('omits absent values', () => {
    expect(html`a${false}b${undefined}c${null}d${0}`.markup).toBe('abcd0');
  });

  it('lets no text end a script element', () => {
    const { markup } = jsonScript('data', { name: '</script><script>alert(1)</script>' });
    expect(markup.match(/<\/?script/g)).toEqual(['<script', '</script']);
    const json = markup.slice(markup.indexOf('>') + 1, markup.lastIndexOf('<'));
    expect(JSON.parse(json)).toEqual({ name: '</script><script>alert(1)</script>' });
  });
});
