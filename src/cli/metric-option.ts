/** `--metric <pattern>`: which metrics a command prints, and when it is worth a try. */
import { userError } from '../error.js';
import { suggest } from '../pipeline/document/suggest.js';
import { wildcards } from '../wildcards.js';
import type { CommandContext } from './command.js';
import type { Parsed } from './command-usage.js';

export const METRIC_OPTION = {
  name: 'metric',
  value: 'pattern',
  multiple: true,
  help: 'only these metrics, such as val.* (repeatable)',
};

/** True for the names that a pattern of `--metric` matches; for all without the option. */
export function wantedMetrics(parsed: Parsed): (name: string) => boolean {
  const matchers = parsed.texts('metric').map(wildcards);
  return (name) => matchers.length === 0 || matchers.some((matches) => matches(name));
}

/**
 * Before the first run there are no metrics, and that is not a mistake.
 *
 * @param names of all metrics
 * @throws UserError when the patterns match none of them
 */
export function requireMetrics(parsed: Parsed, names: readonly string[]): void {
  const patterns = parsed.texts('metric');
  if (patterns.length === 0 || names.length === 0 || names.some(wantedMetrics(parsed))) return;
  throw userError(
    'unknown-column',
    `no metric matches ${patterns.map((each) => `"${each}"`).join(' or ')}`,
    suggest(patterns[0] as string, names, 'there are'),
  );
}

/** A line for after the text if it is longer than the screen: a user may see only its end. */
export function metricAdvice(text: string, { terminal: { screen } }: CommandContext): string {
  const lines = text.split('\n').length;
  if (screen === undefined || lines <= screen.size().rows) return '';
  return `\n${lines} lines: --metric 'val.*' prints only the metrics that a pattern matches\n`;
}
