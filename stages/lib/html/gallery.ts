/** The browsable gallery: any example of any model and setting, with a slider between two of its layers. */
import { bestBaseline, type DataSet, shownModels } from '../results.js';
import { settingLabel } from './format.js';
import { html, jsonScript, type Markup } from './markup.js';
import { layerLabel, stripOf } from './pictures.js';

export function gallerySection(datasets: readonly DataSet[]): Markup | false {
  if (!datasets.some(({ index }) => (index.picks[0]?.length ?? 0) > 0)) return false;
  const select = (label: string, id: string) =>
    html`<label>${label}<select id="gallery-${id}"></select></label>`;
  return html`<section id="gallery" aria-labelledby="gallery-title">
<h2 id="gallery-title">Gallery</h2>
<p class="about">The best, the median and the worst restoration of each setting by the model’s SSIM, and some images
drawn by seed. Move the slider, by hand or with the arrow keys, to uncover what lies to its right.</p>
<p class="no-js note">The gallery needs JavaScript; the pictures above do not.</p>
<div class="needs-js" id="gallery-body">
<div class="controls">${select('data', 'dataset')}${select('model', 'model')}${select('hole', 'setting')}${select('left of the slider', 'left')}${select('right of the slider', 'right')}</div>
<h3 id="gallery-picks-title">Images</h3>
<ul class="thumbs" id="gallery-picks" aria-labelledby="gallery-picks-title"></ul>
<div class="viewer"><div>
<div class="stage" id="gallery-stage" role="img"><svg id="gallery-under"></svg><svg id="gallery-over"></svg><div class="edge" id="gallery-edge"></div><span class="left" id="gallery-left-name"></span><span class="right" id="gallery-right-name"></span></div>
<input type="range" id="gallery-slider" min="0" max="100" value="50" aria-label="how much of the left image is shown">
<p id="gallery-caption" aria-live="polite"></p></div>
<div><h3 style="margin-top:0">All of this image</h3><p class="about">Choose one to put it to the right of the slider.</p>
<ul class="thumbs" id="gallery-layers"></ul></div></div></div>
${jsonScript('gallery-data', galleryData(datasets))}
</section>`;
}

export type GalleryData = ReturnType<typeof galleryData>;

function galleryData(datasets: readonly DataSet[]) {
  return datasets.map((dataset) => ({
    name: dataset.name,
    size: dataset.index.image.size,
    models: shownModels(dataset).map(({ label, items: [item] }) => ({
      label,
      layers: item.index.layers.map((layer) => ({ name: layer, label: layerLabel(layer) })),
      settings: dataset.settings.map((setting, s) => ({
        label: settingLabel(setting),
        rival: bestBaseline(dataset, setting.name).method,
        picks: item.index.picks[s]!.map(({ kind, file, ssim }, pick) => ({
          kind,
          file,
          ssim,
          strip: stripOf(item, s, pick),
        })),
      })),
    })),
  }));
}
