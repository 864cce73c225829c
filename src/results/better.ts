/** Guesses from a metric's name whether less or more is better, if the stage does not say so. Pure. */

/** One of the words, as a part of the name. */
function partOf(words: string): RegExp {
  return new RegExp(`(?:^|[._/-])(?:${words})(?:$|[._/-])`, 'i');
}

const LESS = partOf(
  'loss|logloss|error|err|[rm]*mse|rmsle|mae|mape|perplexity|ppl|nll|cross_?entropy|b?ce|kl|bp[bc]|[wc]er|cost|distance|fid|lpips',
);

const MORE = partOf(
  'acc|accuracy|[pr]?auc|auroc|m?ap|f1|f_?beta|precision|recall|[mp]*ssim|psnr|r2|scores?|m?iou|dice|bleu|rouge|reward|elbo|likelihood',
);

export function modeOf(metric: string): 'min' | 'max' {
  return LESS.test(metric) ? 'min' : 'max';
}

/**
 * The heading for the value at the extreme: `best` would be a claim if neither the name nor each stage
 * says it.
 */
export function extremeOf(
  metric: string,
  objectives: readonly ({ readonly metric: string } | undefined)[],
): 'best' | 'largest' {
  const isStated = objectives.every((objective) => objective?.metric === metric);
  return isStated || LESS.test(metric) || MORE.test(metric) ? 'best' : 'largest';
}
