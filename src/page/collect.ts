/** Reads the data of the page: items with their states, inputs, metrics, epochs and logs. */

import path from 'node:path';
import type { LastRun } from '../cache/cache.js';
import type { RunRecord } from '../cache/records/record.js';
import { commandText } from '../code/script-texts.js';
import type { Project } from '../decide/project.js';
import { concealing, secretValues } from '../decide/secrets.js';
import type { Manifest } from '../manifest.js';
import type { Dep, Item } from '../pipeline/plan.js';
import { mapTexts, printable } from '../printable.js';
import { lastLines } from '../process/execution-log.js';
import { fileNameOf } from '../process/file-names.js';
import { logsIn, sizeOfLog } from '../process/log-follow.js';
import { resultsOf } from '../results/all-results.js';
import { journalFolder } from '../run/journal.js';
import { metricsToday } from '../run/metrics-by-key.js';
import type { ItemState, PageFile, PageItem, PageLog, PageModel } from './model.js';
import { olderOf, type Taking } from './older.js';
import { epochsOf } from './page-epochs.js';
import { type PictureSource, picturesOf } from './page-pictures.js';
import { plotsOf } from './plots.js';
import { resultColumns } from './result-columns.js';
import { newestRun } from './runs.js';

/** The status of an item, as in `pipe status`. */
export interface Standing {
  readonly item: string;
  readonly state: ItemState;
  readonly reasons: readonly { readonly text: string }[];
  /** Today's key, if known. */
  readonly key?: string;
  /** Of the result that a run would make. */
  readonly manifest?: Manifest;
}

/** Bytes for the logs of a page: each item has a share, and a failed item a larger one. */
const LOGS_BYTES = 1024 * 1024;
const SHARE = { most: 16 * 1024, least: 512 } as const;
const LOG_LINES = 200;

/** More points of a curve are not visible on a screen. */
const MOST_POINTS = 500;

/** `standings`: those of all items, in plan order. */
export async function collectPage(
  project: Project,
  standings: readonly Standing[],
  sourceOf: PictureSource,
): Promise<PageModel> {
  const { plan } = project;
  const notes: string[] = [];
  const warn = (message: string) => void notes.push(message);
  const figures = await metricsToday(project, []);
  const byItem = new Map(standings.map((standing) => [standing.item, standing]));
  const take = taking(project, sourceOf);
  const items = plan.items.map((item) => {
    const standing = byItem.get(item.id);
    const { numbers = {}, stale = false } = figures.get(item.id) ?? {};
    return {
      ...definitionOf(item),
      ...resultOf(project, item, standing, take),
      metrics: numbers,
      ...(stale && { isStale: true }),
    };
  });
  const rows = await resultsOf(project, warn);
  const older = olderOf(project, items, rows, take);
  return pageOf(project, {
    items: items.map((item) => ({ ...item, older: older.get(item.id) })),
    results: resultColumns(rows),
    run: newestRun(journalFolder(project)),
    notes,
  });
}

type Content = Pick<PageModel, 'items' | 'results' | 'run' | 'notes' | 'only'>;

/** Without the secrets of the project. */
export function pageOf({ plan, env, root, version, variant }: Project, content: Content) {
  const model: PageModel = {
    format: 1,
    project: path.basename(root),
    pipe: version,
    made: new Date().toISOString(),
    variant: variantText(variant),
    ...content,
  };
  return mapTexts(concealing(secretValues(plan, env)).value(model), printable);
}

/** Plots and pictures of a result. `onlyPlots`: only pictures named under `plots:`. */
export function taking({ cache }: Project, sourceOf: PictureSource, onlyPlots = false): Taking {
  return {
    plots: (item, outs) => plotsOf(cache, item, outs, MOST_POINTS),
    pictures: (item, outs, isOlder) => picturesOf(cache, item, outs, sourceOf, isOlder, onlyPlots),
  };
}

function variantText({ profiles, set }: Project['variant']): string {
  return [
    ...profiles.map((name) => `--profile ${name}`),
    ...set.map((setting) => `--set ${setting}`),
  ].join(' ');
}

export function definitionOf(item: Item) {
  const { id, stage, desc, action, params, env, needs, resources } = item;
  const command = action.kind === 'module' ? `run: ${action.file}` : commandText(action);
  return { id, stage, desc, command, params, env, needs, resources: { ...resources } };
}

/** The record for today's key, else for the last execution. */
function resultOf(project: Project, item: Item, standing: Standing | undefined, take: Taking) {
  const { cache } = project;
  const { state = 'unknown', key, reasons = [], manifest } = standing ?? {};
  const result = (key && cache.readRecord(key)) || cache.state.readLast(item.id);
  return {
    state,
    key,
    shown: result?.key,
    reasons: reasons.map(({ text }) => text),
    deps: item.deps.map((dep) => depOf(dep, manifest ?? result?.manifest)),
    outs: item.outs.map(({ name, path }) => outOf(name, path, result)),
    seconds: result?.seconds,
    epochs: epochsOf(project, item, manifest, result?.manifest),
    plots: take.plots(item, result?.outs ?? []),
    pictures: take.pictures(item, result?.outs ?? [], false),
    log: logOf(project, item, reasons[0]?.text.startsWith('failed') ?? false),
  } satisfies Partial<PageItem>;
}

type Result = RunRecord | LastRun | undefined;

function depOf({ name, path: where }: Dep, manifest: Manifest | undefined): PageFile {
  return { name, path: where, digest: manifest?.deps[name] ?? undefined };
}

function outOf(name: string, where: string, result: Result): PageFile {
  const out = result?.outs.find((each) => each.name === name);
  return { name, path: where, digest: out?.digest, size: out?.size, files: out?.files };
}

function logOf({ cache, plan }: Project, item: Item, hasFailed: boolean): PageLog | undefined {
  const newest = logsIn(path.join(cache.layout.logs, fileNameOf(item.id))).at(-1);
  if (newest === undefined) return undefined;
  const share = Math.max(SHARE.least, Math.min(SHARE.most, LOGS_BYTES / plan.items.length));
  return tailOf(newest, hasFailed ? SHARE.most : share);
}

/** The last lines of a log, of at most `most` characters in all. */
export function tailOf(file: string, most: number): PageLog {
  const tail: string[] = [];
  let room = most;
  for (const line of lastLines(file, LOG_LINES).reverse()) {
    room -= line.length + 1;
    if (room < 0) break;
    tail.unshift(line);
  }
  return { tail, bytes: sizeOfLog(file) };
}
