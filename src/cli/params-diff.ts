/** `pipe params diff`: params that differ from those of another revision's pipeline.yaml. */
import type { Variant } from '../decide/options.js';
import { findRoot } from '../decide/project.js';
import { userError } from '../error.js';
import type { TextRead } from '../pipeline/document/read-text.js';
import { loadParams, readsOf } from '../pipeline/load.js';
import { paramLines } from '../pipeline/params-report.js';
import { PlanFiles } from '../pipeline/plan-files.js';
import { pipelineName } from '../pipeline/root.js';
import { fileAtRevision, type WorkTree } from '../process/git.js';
import { changesBetween, changesMarkdown, changesText } from '../report/changes.js';
import { type CommandContext, variantOf } from './command.js';
import type { Parsed } from './command-usage.js';
import { roomOn } from './terminal.js';

/** `--set` applies only to today's params, so that the diff shows what an experiment changes. */
export async function paramsDiff(
  parsed: Parsed,
  { host, terminal }: CommandContext,
  [revision = 'HEAD', other]: readonly string[],
): Promise<void> {
  const root = findRoot(host);
  const tree = { folder: root, env: host.env };
  const variant = { ...variantOf(parsed), ...(host.file !== undefined && { file: host.file }) };
  const before = await paramsAt(tree, variant, revision);
  const now =
    other === undefined
      ? valuesOf({ project: root, ...variant })
      : await paramsAt(tree, variant, other);
  const changes = changesBetween('', before, now, parsed.flag('all'));
  if (parsed.flag('json')) return terminal.json(changes);
  if (parsed.flag('md')) return terminal.out(changesMarkdown(changes, 'params', revision));
  terminal.out(changesText(changes, 'params', revision, roomOn(terminal)));
}

async function paramsAt(
  tree: WorkTree,
  { profiles, file }: Variant,
  revision: string,
): Promise<Record<string, unknown>> {
  const name = pipelineName(tree.folder, file);
  const text = await fileAtRevision(tree, revision, name);
  if (text === undefined)
    throw userError('no-pipeline', `there is no ${name} in revision ${revision}`);
  const texts = new Map<string, string | undefined>();
  for (const { path, pattern } of readsOf({ project: tree.folder, profiles, file, text }))
    if (!pattern) texts.set(path, await fileAtRevision(tree, revision, path));
  const files = new PlanFiles(tree.folder, { read: (each) => textAt(each, texts.get(each)) });
  return valuesOf({ project: tree.folder, profiles, file, text, files });
}

function textAt(file: string, text: string | undefined): TextRead {
  if (text !== undefined) return { text };
  return { mistake: { code: 'missing-file', message: `the file ${file} does not exist` } };
}

function valuesOf(options: Parameters<typeof loadParams>[0]): Record<string, unknown> {
  const lines = paramLines(loadParams(options));
  return Object.fromEntries(lines.map(({ path, value }) => [path, value]));
}
