/** The browsable gallery: any example of any model and setting, with a slider between two of its layers. */

import type { GalleryData } from '@pipe-experiment/pages/client/gallery-client.js';
import { galleryViewer } from '@pipe-experiment/pages/gallery-viewer.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { bestBaseline, type DataSet, shownModels } from '../results.js';
import { settingLabel } from './format.js';
import { layerLabel, stripOf } from './pictures.js';

export function gallerySection(datasets: readonly DataSet[]): Markup | false {
  if (!datasets.some(({ index }) => (index.picks[0]?.length ?? 0) > 0)) return false;
  return html`<section id="gallery" aria-labelledby="gallery-title">
<h2 id="gallery-title">Gallery</h2>
<p class="about">The best, the median and the worst restoration of each setting by the model’s SSIM, and some images
drawn by seed. Move the slider, by hand or with the arrow keys, to uncover what lies to its right.</p>
<p class="no-js note">The gallery needs JavaScript; the pictures above do not.</p>
${galleryViewer(galleryData(datasets))}
</section>`;
}

function galleryData(datasets: readonly DataSet[]): GalleryData {
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
