/** Guesses from a metric's name whether less or more is better, if the stage does not say so. Pure. */

const LESS =
  /(?:^|[._-])(?:loss|error|err|[rm]*mse|mae|mape|perplexity|nll|distance|fid|lpips)(?:$|[._-])/i;

export function modeOf(metric: string): 'min' | 'max' {
  return LESS.test(metric) ? 'min' : 'max';
}
