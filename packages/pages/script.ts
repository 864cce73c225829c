/**
 * The report's script: which score the tables show, and the gallery. The report reads well without it.
 *
 * The page holds the text of these functions, so they use nothing but the browser and what is passed to
 * them here: what a module imports, or declares outside of the function, is not in the page.
 */

import { showChosenScores } from './client/chosen-scores.js';
import { Gallery, startGallery } from './client/gallery-client.js';
import { unfoldForPrint } from './client/print.js';

export const SCRIPT = `
'use strict';
document.documentElement.classList.add('js');
(${showChosenScores})();
(${unfoldForPrint})();
(${startGallery})(${Gallery});
`;
