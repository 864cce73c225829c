/** Whether less or more of a metric is better, by its name: where a stage does not say so. Pure. */

const LESS =
  /(?:^|[._-])(?:loss|error|err|[rm]*mse|mae|mape|perplexity|nll|distance|fid|lpips)(?:$|[._-])/i;

export function modeOf(metric: string): 'min' | 'max' {
  return LESS.test(metric) ? 'min' : 'max';
}
