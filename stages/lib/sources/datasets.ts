/** The paper's two data sets, as sources: where they are, and what is known of them. */
import type { HttpSource } from './http.js';

/** Official Google Drive copies are behind quota pages, so no program can count on them: bring those as a local folder. */
export const FFHQ: HttpSource = {
  kind: 'http',
  label: 'FFHQ thumbnails',
  licence: 'CC BY-NC-SA 4.0 (NVIDIA); the images under licences of their own',
  archives: [
    {
      url: 'https://huggingface.co/datasets/nuwandaa/ffhq128/resolve/b60cfaa40d652f9401b008733faf5933f78a3042/thumbnails128x128.zip',
      bytes: 2_114_632_904,
      sha256: 'ef9fd4b39922cf599c6446e45b03b334824c6ce19b4b8bdf7aee6d06df355f3f',
    },
  ],
  include: '**/*.png',
  images: 70_000,
  probe: { name: '00000.png', bytes: 29_050, md5: 'bd3e40b2ba20f76b55dc282907b89cd1' },
  testFrom: 60_000,
};

/** No checksum is published: it is recorded at the first download and compared ever after. */
export const ANIMALS_10: HttpSource = {
  kind: 'http',
  label: 'Animals-10',
  licence: 'the photographs belong to their owners',
  archives: [
    {
      url: 'https://www.kaggle.com/api/v1/datasets/download/alessiocorrado99/animals10',
      login: 'kaggle',
    },
    // Needs no account; not the same images, as its label says.
    {
      huggingface: 'Rapidata/Animals-10',
      config: 'default',
      split: 'train',
      label: 'Animals-10, cleaned by Rapidata',
      images: 23_554,
      include: '**',
    },
  ],
  include: '{raw-img,*/raw-img}/*/*',
  images: 26_179,
};
