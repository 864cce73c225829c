/** An event of a run as whole lines with the item's name; quiet about fresh items. */
import type { Collected, ItemDone, RunEvent } from '../event.js';
import { printable } from '../printable.js';
import {
  bytes,
  duration,
  failureLines,
  metricsText,
  plural,
  roughly,
  summaryLine,
  transferText,
  whyText,
} from './wording.js';

/** Lines of an event, without control characters. */
export function plainLines(event: RunEvent, dry: boolean): string[] {
  return linesOf(event, dry).map(printable);
}

function linesOf(event: RunEvent, dry: boolean): string[] {
  switch (event.type) {
    case 'run':
    case 'progress':
      return [];
    case 'start': {
      const verb = event.action === 'run' ? 'running' : 'restoring';
      const where = event.where === undefined ? '' : ` on ${event.where}`;
      return [`${event.item}: ${verb}${where} (${whyText(event)})`, ...resumed(event)];
    }
    case 'waiting':
      return [`${event.item}: waiting: ${event.reason}`];
    case 'epoch': {
      const metrics = metricsText(event.metrics);
      const epoch = `${event.item}: epoch ${event.epoch}/${event.target}`;
      return [`${epoch} in ${duration(event.seconds)}${metrics === '' ? '' : `, ${metrics}`}`];
    }
    case 'transfer':
      return [transferText(event)];
    case 'warning':
      return [`${event.item === undefined ? '' : `${event.item}: `}warning: ${event.message}`];
    case 'error':
      return [`pipe: error: ${event.message}`];
    case 'difference':
      return [`${event.item === undefined ? '' : `${event.item}: `}${event.message}`];
    case 'collected':
      return [collectedLine(event)];
    case 'item':
      return dry ? forecastLines(event) : itemLines(event);
    case 'summary':
      return [...slowestLines(event), summaryLine(event)];
    default:
      return event satisfies never;
  }
}

function collectedLine(event: Collected): string {
  const { results, states, logs = 0, replaced = 0, bytes: freed, left, needed, limit } = event;
  const what = [
    ...(results > 0 ? [plural(results, 'result')] : []),
    ...(states > 0 ? [plural(states, 'state')] : []),
    ...(logs > 0 ? [plural(logs, 'log')] : []),
    ...(replaced > 0
      ? [plural(replaced, 'folder of replaced files', 'folders of replaced files')]
      : []),
    ...(results + states + logs + replaced > 0 ? [] : [freed > 0 ? 'only leftovers' : 'nothing']),
  ].join(' and ');
  const rest = needed > limit ? `${bytes(needed)} are needed` : 'the rest is too new or in use';
  const above = left > limit ? `: ${rest}` : '';
  return `cache: removed ${what} (${bytes(freed)}), ${bytes(left)} left, limit ${bytes(limit)}${above}`;
}

function slowestLines({ slowest = [] }: RunEvent & { type: 'summary' }): string[] {
  if (slowest.length === 0) return [];
  return [
    `slowest: ${slowest.map(({ item, seconds }) => `${item} ${duration(seconds)}`).join(', ')}`,
  ];
}

function resumed(event: RunEvent & { type: 'start' }): string[] {
  if (event.epochs === undefined || event.epochs.completed === 0) return [];
  const { completed, target } = event.epochs;
  return [
    `${event.item}: ${plural(completed, 'epoch')} kept, ${Math.max(0, target - completed)} to run`,
  ];
}

function itemLines(event: ItemDone): string[] {
  const after = event.seconds === undefined ? '' : ` in ${duration(event.seconds)}`;
  switch (event.verdict) {
    case 'fresh':
      return [];
    case 'ran':
    case 'restored': {
      const from = event.from === undefined ? '' : ' from the remote cache';
      return [`${event.item}: ${event.verdict}${from}${after}${bestText(event)}`];
    }
    case 'blocked':
    case 'cancelled':
    case 'submitted':
      return [`${event.item}: ${event.verdict}: ${event.reason ?? ''}`];
    case 'failed':
      return event.failure === undefined
        ? [`${event.item}: failed`]
        : failureLines(event.item, event.failure);
    default:
      return event.verdict satisfies never;
  }
}

/** Says it if the outs are those of the best epoch, and not of the target. */
function bestText({ epochs }: ItemDone): string {
  return epochs?.target === undefined ? '' : `, outs from epoch ${epochs.reached}, the best`;
}

function forecastLines(event: ItemDone): string[] {
  if (event.verdict === 'fresh') return [];
  const { reason, reasons = [] } = event;
  const why = reason === undefined ? '' : ` (${whyText({ reason, reasons })})`;
  const about = event.expected === undefined ? '' : `, about ${roughly(event.expected)}`;
  if (event.verdict === 'restored') return [`${event.item}: would be restored${why}`];
  if (event.epochs === undefined)
    return [`${event.item}: ${event.maybe ? 'may' : 'would'} run${about}${why}`];
  const { computed, reached } = event.epochs;
  const kept = `${plural(reached - computed, 'epoch')} kept`;
  const left = computed === 0 ? 'only outs to write' : `${computed} to run`;
  return [`${event.item}: ${kept}, ${left}${about}${why}`];
}
