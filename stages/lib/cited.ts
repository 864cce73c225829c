/** The systems that the paper cites: which of them is a row here, how it deviates, and why the others are none. */
import type { TextTable } from '@pipe-experiment/pages/text-table.js';

export const CITED_TITLE = 'The systems that the paper cites';
export const ABOUT_CITED =
  'Published figures are of other images, sizes and definitions of SSIM, so they are for orientation alone. Those of ' +
  'Yu and Iizuka are of a later re-training (mmagic): images of 256², one square box, Places365 and CelebA-HQ. Those of ' +
  'Nazeri are as the repository of EdgeConnect+ (2025) gives them: images of 256².';

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
      'conditional, restorer',
      '100 × 100 gray instead of 64 × 64 colour; no VGG loss; conditional has its prior and posterior on the paper’s network',
      'no SSIM of this kind',
    ],
    [
      'Yu 2018, contextual attention',
      'contextual, contextual-critic',
      'gray, 100 × 100; a third of its width; dilations 2, 4, 8; attention at an eighth of the side over single places, without fusion; leaky ReLU instead of ELU; transposed convolutions instead of nearest neighbours; L1 in the hole without a discount by the distance from its rim; one hinge critic of patches, which learns in the same update, or none',
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
      'edge, edge-true',
      'gray; 3/16 of its width; 4 dilated blocks instead of 8; no norms; both networks learn at once; no critics and no VGG losses, which its article credits for texture; edges are Sobel magnitudes instead of Canny’s. edge-true is given the edges of the truth: no method, an upper bound',
      'SSIM 0.846 over windows of 51 × 51 (the column uniform51), PSNR 25.28 (CelebA)',
    ],
    [
      'Burlin, encoder and decoder with a critic (Pathak 2016)',
      'context',
      'gray, 100 × 100, a quarter of its width; no norms; the critic is of patches, and learns in the same update',
      'none found',
    ],
    [
      'Radford 2015, DCGAN (restoring: Yeh 2017)',
      'vae-search',
      'the search of Yeh 2017 in the decoder of a VAE instead of a GAN, which does not converge in an hour on a CPU',
      'none of holes',
    ],
    [
      'Fawzi 2016',
      'none',
      'needs a trained VGG-19, whose weights are not part of this pipeline',
      'none found',
    ],
    [
      'Pinho and Costa 2018',
      'none',
      'adversarial autoencoders that find medical images; they restore nothing',
      'none of holes',
    ],
    ['Simonyan 2014, VGG', 'none', 'a shape of encoder, or weights for a loss', 'none of holes'],
  ],
};
