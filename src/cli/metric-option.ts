/** `--metric <pattern>`: which metrics a command prints, and when it is worth a try. */
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

/** A line for after the text if it is longer than the screen: a user may see only its end. */
export function metricAdvice(text: string, { terminal: { screen } }: CommandContext): string {
  const lines = text.split('\n').length;
  if (screen === undefined || lines <= screen.size().rows) return '';
  return `\n${lines} lines: --metric 'val.*' prints only the metrics that a pattern matches\n`;
}
