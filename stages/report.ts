/** Stage `report`: gathers all evaluated items into one HTML file and one Markdown file. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkKeys, checkText, checkTree } from '@pipe-experiment/data/check.js';
import { digestFiles } from '@pipe-experiment/data/digest.js';
import { defineStage } from 'pipe-run/stage';
import { ablationsOf } from './lib/ablation.js';
import { homogeneityCurves } from './lib/homogeneity.js';
import { page } from './lib/html/page.js';
import type { Used } from './lib/html/provenance.js';
import { reportMarkdown } from './lib/report-markdown.js';
import { groupItems, type Item, readItem, scoreFolders } from './lib/results.js';

interface Shape {
  params: unknown;
  deps: { readonly scores: string | readonly string[] };
  outs: { readonly html: string; readonly md: string };
}

export default defineStage<Shape>(async ({ params, deps, outs, progress }) => {
  const paths = typeof deps.scores === 'string' ? [deps.scores] : deps.scores;
  const folders = scoreFolders(paths);
  const items: Item[] = [];
  const used: Used[] = [];
  for (const folder of folders) {
    const item = readItem(folder);
    items.push(item);
    used.push({ item: item.index.item, digests: await digestsOf(folder, item) });
    progress(items.length, folders.length, 'items');
  }

  const datasets = groupItems(items);
  const base = ablationBase(params);
  const ablations = base === undefined ? [] : ablationsOf(datasets, base);
  const { homogeneity = {} } = checkTree(params, 'params');
  const curves = homogeneityCurves(datasets, homogeneity);
  const report = { datasets, ablations, curves, params, used };
  writeFileSync(outs.html, page(report));
  writeFileSync(outs.md, reportMarkdown(report));
});

/** `ablation.base`: the model that the others are compared with; without it there is no ablation. */
function ablationBase(params: unknown): string | undefined {
  const { ablation = {} } = checkTree(params, 'params');
  const tree = checkTree(ablation, 'ablation');
  checkKeys(tree, 'ablation', ['base']);
  return tree.base === undefined ? undefined : checkText(tree.base, 'ablation.base');
}

/** What the item was evaluated from, and what the report itself read. */
async function digestsOf(folder: string, item: Item): Promise<Record<string, string>> {
  const files = readdirSync(folder).sort();
  const own = Object.fromEntries(files.map((file) => [`scores/${file}`, join(folder, file)]));
  return { ...item.index.digests, ...(await digestFiles(own)) };
}
