/** The viewer of a gallery: choices, a slider between two layers of an image, and all its layers. */
import type { GalleryData } from './client/gallery-client.js';
import { html, jsonScript, type Markup } from './markup.js';

export function galleryViewer(data: GalleryData): Markup {
  const select = (label: string, id: string) =>
    html`<label>${label}<select id="gallery-${id}"></select></label>`;
  return html`<div class="needs-js" id="gallery-body">
<div class="controls">${select('data', 'dataset')}${select('model', 'model')}${select('hole', 'setting')}${select('left of the slider', 'left')}${select('right of the slider', 'right')}</div>
<h3 id="gallery-picks-title">Images</h3>
<ul class="thumbs" id="gallery-picks" aria-labelledby="gallery-picks-title"></ul>
<div class="viewer"><div>
<div class="stage" id="gallery-stage" role="img"><svg id="gallery-under"></svg><svg id="gallery-over"></svg><div class="edge" id="gallery-edge"></div><span class="left" id="gallery-left-name"></span><span class="right" id="gallery-right-name"></span></div>
<input type="range" id="gallery-slider" min="0" max="100" value="50" aria-label="how much of the left image is shown">
<p id="gallery-caption" aria-live="polite"></p></div>
<div><h3 style="margin-top:0">All of this image</h3><p class="about">Choose one to put it to the right of the slider.</p>
<ul class="thumbs" id="gallery-layers"></ul></div></div></div>
${jsonScript('gallery-data', data)}`;
}

/** Colours an absolute difference: black is none, white is a quarter of the range and more. */
export const HEAT_FILTER: Markup = html`<svg width="0" height="0" style="position:absolute" aria-hidden="true"><filter id="heat" color-interpolation-filters="sRGB"><feColorMatrix values="1.4 1.4 1.4 0 0 1.4 1.4 1.4 0 0 1.4 1.4 1.4 0 0 0 0 0 1 0"/><feComponentTransfer><feFuncR type="table" tableValues="0.04 0.32 0.78 0.97 1"/><feFuncG type="table" tableValues="0.04 0.07 0.22 0.6 1"/><feFuncB type="table" tableValues="0.09 0.43 0.33 0.16 0.92"/></feComponentTransfer></filter></svg>`;
