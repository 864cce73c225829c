/** The two fills that know nothing of what is round the hole: none at all, and the mean of the known pixels. */
import { type Fill, meanOfKnown } from './hole.js';

/** Leaves the hole black, as the network is given it. */
export const fillNone: Fill = (plane, { pixels }) => {
  const filled = Float64Array.from(plane);
  for (const pixel of pixels) filled[pixel] = 0;
  return filled;
};

export const fillMean: Fill = (plane, hole) => {
  const filled = Float64Array.from(plane);
  const mean = meanOfKnown(plane, hole);
  for (const pixel of hole.pixels) filled[pixel] = mean;
  return filled;
};
