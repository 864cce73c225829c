/** The systems that the paper cites: which of them is a row here, how it deviates, and why the others are none. */
import type { TextTable } from './evidence.js';

export const CITED_TITLE = 'The systems that the paper cites';
export const ABOUT_CITED =
  'Published figures are of other images, sizes and definitions of SSIM, so they are for orientation alone. Those of ' +
  'Yu and Iizuka are of a later re-training (mmagic): images of 256², one square box, Places365 and CelebA-HQ.';

export const CITED: TextTable = {
  title: CITED_TITLE,
  head: ['work', 'row here', 'how it deviates, or why it is none', 'published'],
  rows: [
    [
      'Takahashi 2016, generalized PCA',
      'PCA mixture, in kind',
      'linear models of whole images of a data set; theirs are of patches of the one image',
      'none of holes',
    ],
    [
      'Criminisi 2004, exemplars (in Erofeev’s comparison)',
      'exemplar',
      'gray instead of Lab; patches of 9 × 9',
      'no SSIM: people compared pictures',
    ],
    [
      'Ham 2018, variational inpainting',
      'vae, restorer',
      '100 × 100 gray; no VGG loss; residual over a fill',
      'no SSIM of this kind',
    ],
    [
      'Yu 2018, contextual attention',
      'none yet',
      'can be one, at a third of its width and without its critic',
      'SSIM 0.862, PSNR 23.43 (Places365); 0.911, 26.88 (CelebA-HQ)',
    ],
    [
      'Iizuka 2017, global and local critics',
      'none',
      'needs days of training',
      'SSIM 0.862, PSNR 23.15 (Places365); 0.904, 26.78 (CelebA-HQ)',
    ],
    [
      'Nazeri 2019, EdgeConnect',
      'none yet',
      'can be one, small and without its VGG losses, which its article credits for texture',
      'SSIM over windows of 51 × 51: the column uniform51',
    ],
    [
      'Burlin, encoder and decoder with a critic',
      'none yet',
      'can be one: the paper’s network with another bottleneck, and a critic',
      'none found',
    ],
    [
      'Radford 2015, DCGAN',
      'none',
      'a generator of images; it restores by a search of its latent alone (Yeh 2017)',
      'none of holes',
    ],
    ['Fawzi 2016', 'none', 'needs a trained VGG-19', 'none found'],
    [
      'Pinho and Costa 2018',
      'none',
      'adversarial autoencoders that find medical images; they restore nothing',
      'none of holes',
    ],
    ['Simonyan 2014, VGG', 'none', 'a shape of encoder, or weights for a loss', 'none of holes'],
  ],
};
