/** pipeline.yaml, profiles and `--set` → a checked plan. Reports all errors of the file at once. */
import { UserError } from '../error.js';
import type { Json } from '../stage/context.js';
import { type AstNode, child } from './document/ast.js';
import { createDiagnostics, type Diagnostics } from './document/diagnostics.js';
import { type StageSpec, validate } from './document/pipeline-schema.js';
import { checkSize, readPipeline } from './document/read-text.js';
import { type Broken, reportSchemaErrors } from './document/schema-errors.js';
import { createSource } from './document/source-text.js';
import { parseYaml } from './document/yaml.js';
import { type Linked, linkItems } from './edges.js';
import type { Draft } from './items/item-draft.js';
import { draftStage } from './items/stage.js';
import { orderItems } from './order.js';
import { overriddenIn, paramsIn } from './param-files.js';
import {
  addedTo,
  applySets,
  EMPTY_PARAMS,
  fileOrigin,
  layOver,
  type Param,
  unknownProfile,
  unusedSets,
  warningsForSets,
} from './params-tree.js';
import type { Item, Plan, PlanRead, RemotePlace } from './plan.js';
import { PlanFiles } from './plan-files.js';
import { pipelineName } from './root.js';
import { skippedOuts } from './skipped-outs.js';
import { refuseMissedSlashes } from './slashes.js';

export interface LoadOptions {
  /** Absolute path of the folder of pipeline.yaml. */
  readonly project: string;
  /** Names of `--profile`, applied in this order. */
  readonly profiles?: readonly string[];
  /** Texts of `--set`, such as `train.epochs=50`. */
  readonly set?: readonly string[];
  /** Absolute path of the pipeline file; absent: pipeline.yaml of the project. */
  readonly file?: string | undefined;
  /** The file's text, if the caller has read it. */
  readonly text?: string;
  /** Reads the other files from which the plan is made. */
  readonly files?: PlanFiles;
  /** Name → place of aliases, see decide/real-paths.ts. */
  readonly links?: Readonly<Record<string, string>>;
}

/**
 * The plan depends only on the text, the files that it names (`reads`), profiles, sets and links.
 *
 * @throws UserError with all errors
 */
export function loadPlan(options: LoadOptions): Plan {
  const { files, diagnostics, root, params, ownParams, paramsFiles, drafts } =
    draftPipeline(options);
  const around = { links: options.links ?? {}, files };
  const linked = linkItems(drafts, diagnostics, around);
  refuseMissedSlashes(drafts, linked, diagnostics);
  const { order, cycles } = orderItems(linked.map(({ needs }) => needs));
  for (const cycle of cycles) reportCycle(cycle, drafts, linked, diagnostics);
  diagnostics.check();
  const items = arrange(order, drafts, linked);
  const skipped = skippedOuts(drafts, linked, diagnostics, around);
  const { set = [] } = options;
  const used = set.length === 0 ? [] : usedParams(items, diagnostics.source.text);
  const severals = params && ownParams ? warningsForSets(ownParams, params, set) : [];
  const added = params && ownParams && paramsFiles.length > 0 ? addedTo(ownParams, params) : [];
  const overridden = params === undefined ? [] : overriddenIn(params.value, paramsFiles, files);
  return {
    params: params?.value ?? {},
    items,
    warnings: [...unusedSets(set, used), ...severals, ...skipped],
    reads: files.reads,
    ...(overridden.length > 0 && { overridden }),
    ...(added.length > 0 && { added }),
    ...remoteIn(root),
  };
}

/** The params that stages list, and all names of placeholders. */
function usedParams(items: readonly Item[], text: string): readonly string[] {
  const placeholders = [...text.matchAll(/\$\{([^{}]+)\}/g)].map(([, name]) => name as string);
  return [...new Set([...placeholders, ...items.flatMap(({ params }) => Object.keys(params))])];
}

function remoteIn(root: AstNode): Pick<Plan, 'remote'> {
  const written = child(root, 'remote')?.value as string | RemotePlace | undefined;
  if (written === undefined) return {};
  return { remote: typeof written === 'string' ? { url: written } : written };
}

interface Drafted extends Opened {
  readonly drafts: readonly Draft[];
}

/** The items with the places of their parts; collects diagnostics instead of throwing. */
export function draftPipeline(options: LoadOptions): Drafted {
  const opened = openPipeline(options);
  return { ...opened, drafts: draftAll(opened) };
}

/** The files that the pipeline names, even with errors, as far as they are found. */
export function readsOf(options: LoadOptions): readonly PlanRead[] {
  const files = new PlanFiles(options.project);
  try {
    draftPipeline({ ...options, files });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return files.reads;
}

/** Only the params, each value with its origin. */
export function loadParams(options: LoadOptions): Param {
  const { diagnostics, params } = openPipeline(options);
  diagnostics.check();
  return params ?? EMPTY_PARAMS;
}

export function profileNames(options: LoadOptions): readonly string[] {
  return [...(child(openPipeline(options).root, 'profiles')?.entries?.keys() ?? [])];
}

interface Opened {
  readonly files: PlanFiles;
  readonly diagnostics: Diagnostics;
  readonly root: AstNode;
  readonly broken: Broken;
  readonly params: Param | undefined;
  /** Without profiles and `--set`. */
  readonly ownParams: Param | undefined;
  readonly paramsFiles: readonly string[];
}

function openPipeline(options: LoadOptions): Opened {
  const name = pipelineName(options.project, options.file);
  const text = options.text ?? readPipeline(options.project, name);
  checkSize(text);
  const { files = new PlanFiles(options.project) } = options;
  const diagnostics = createDiagnostics(createSource(name, text));
  const root = parseYaml(diagnostics);
  if (!root) {
    diagnostics.check();
    throw new Error('parseYaml gave nothing and no mistake');
  }
  const broken = reportSchemaErrors(validate(withoutExtras(root.value)), { root, diagnostics });
  const ownParams = broken.top.has('params')
    ? undefined
    : paramsIn(child(root, 'params'), files, diagnostics);
  // Files with the values of axes are read later.
  const paramsFiles = files.reads.map(({ path }) => path);
  const params = ownParams && resolveParams(ownParams, root, options, broken, diagnostics);
  return { diagnostics, root, broken, files, params, ownParams, paramsFiles };
}

/** Keys that begin with `x-` are reserved for the user's anchors. */
function withoutExtras(value: Json): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')));
}

function resolveParams(
  base: Param,
  root: AstNode,
  { profiles = [], set = [] }: LoadOptions,
  broken: Broken,
  diagnostics: Diagnostics,
): Param {
  const { source } = diagnostics;
  const known = broken.top.has('profiles') ? undefined : child(root, 'profiles')?.entries;
  // Profiles that were not requested are checked too.
  for (const [name, { node: over }] of known ?? [])
    layOver(base, over, fileOrigin(source, name), diagnostics);
  let params = base;
  for (const name of profiles) {
    const over = known?.get(name)?.node;
    if (over) params = layOver(params, over, fileOrigin(source, name), diagnostics);
    else if (!broken.top.has('profiles'))
      diagnostics.add(unknownProfile(name, [...(known?.keys() ?? [])]));
  }
  return applySets(params, set, diagnostics);
}

function draftAll({ root, broken, params, files, diagnostics }: Opened): readonly Draft[] {
  if (broken.top.has('stages')) return [];
  const drafts: Draft[] = [];
  const top = (name: 'shell' | 'packages') =>
    broken.top.has(name) ? undefined : child(root, name)?.value;
  const shell = top('shell') as StageSpec['shell'];
  const packages = top('packages') as StageSpec['packages'];
  for (const [name, { node }] of child(root, 'stages')?.entries ?? []) {
    const keys = broken.stages.get(name) ?? new Set();
    if (keys.has('*')) continue;
    const spec = soundKeys(node, keys);
    const shared = { params, files, shell, packages };
    const stage = { name, spec, node, broken: keys, ...shared };
    for (const draft of draftStage(stage, diagnostics)) drafts.push(draft);
  }
  return drafts;
}

/** The stage without the keys that have schema errors; the rest is valid. */
function soundKeys(node: AstNode, broken: ReadonlySet<string>): StageSpec {
  if (broken.size === 0) return node.value as StageSpec;
  const entries = [...(node.entries ?? [])].filter(([key]) => !broken.has(key));
  return Object.fromEntries(entries.map(([key, entry]) => [key, entry.node.value])) as StageSpec;
}

function reportCycle(
  cycle: readonly number[],
  drafts: readonly Draft[],
  linked: readonly Linked[],
  diagnostics: Diagnostics,
): void {
  const [first, second] = [cycle[0]!, cycle[1]!];
  const names = cycle.map((index) => drafts[index]!.item.id);
  const dep = drafts[first]!.deps[linked[first]!.via.get(second)!]!;
  const message = `these items depend on each other: ${names.join(' → ')}`;
  const hint = `here, ${names[0]} reads what ${names[1]} writes; remove this dep or another one of the cycle, or split one of the stages`;
  diagnostics.add({ code: 'cycle', message, hint }, dep.written.path.node.span);
}

function arrange(
  order: readonly number[],
  drafts: readonly Draft[],
  linked: readonly Linked[],
): readonly Item[] {
  const place = new Uint32Array(drafts.length);
  for (const [position, index] of order.entries()) place[index] = position;
  return order.map((index) => {
    const { deps, needs } = linked[index]!;
    const { item } = drafts[index]!;
    return { ...item, deps, needs: needs.map((need) => place[need]!).sort((a, b) => a - b) };
  });
}
