/** A project as a command opens it: root, plan, cache and environment. */
import path from 'node:path';
import { type Cache, openCache, type ReadOnly } from '../cache/cache.js';
import { namedFolder } from '../cache/layout.js';
import { sha256 } from '../canonical.js';
import { userError } from '../error.js';
import { toolIn } from '../noop/answers.js';
import { readPipeline } from '../pipeline/document/read-text.js';
import type { LoadOptions } from '../pipeline/load.js';
import { startHint } from '../pipeline/look-alike.js';
import type { Places } from '../pipeline/places.js';
import type { Plan, PlanRead } from '../pipeline/plan.js';
import { PlanFiles } from '../pipeline/plan-files.js';
import { PIPELINE_FILE, pipelineName, rootAbove } from '../pipeline/root.js';
import { optimizeLater } from '../sys/optimize-later.js';
import { wholeEnvironment } from '../sys/raw-text.js';
import type { RunOptions, Variant } from './options.js';
import { type Links, notedLinks } from './real-paths.js';
import { secretValues } from './secrets.js';

/** From this number of items, the time to optimize code shows. */
const MANY = 100;

/** Facts about the process, which only the entry point determines. */
export interface Host {
  /** Absolute path of the working directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the tool's dist folder. */
  readonly dist: string;
  /** Version of the tool. */
  readonly version: string;
  /** Absolute path of the pipeline file that `--file` names. */
  readonly file?: string | undefined;
  /** Called with the secret values to mask, as soon as a plan names them. */
  readonly onSecrets?: (values: readonly string[]) => void;
  /** Called with each decision and its reason, for PIPE_DEBUG. */
  readonly debug?: ((line: string) => void) | undefined;
}

export interface Project extends Host {
  /** Of the tool: what another build stored to save time is not used. */
  readonly build: string;
  /** Absolute path of the folder of pipeline.yaml. */
  readonly root: string;
  readonly variant: Variant;
  readonly plan: Plan;
  readonly cache: Cache;
}

/**
 * The nearest folder at or above `cwd` that contains a pipeline.yaml; with `--file`, at or above that file,
 * else its own folder. Undefined when there is none.
 */
export function rootOf({ cwd, file }: Pick<Host, 'cwd' | 'file'>): string | undefined {
  if (file === undefined) return rootAbove(cwd);
  return rootAbove(path.dirname(file)) ?? path.dirname(file);
}

/** @throws UserError when there is no pipeline */
export function findRoot(host: Pick<Host, 'cwd' | 'file'>): string {
  const { cwd } = host;
  const root = rootOf(host);
  if (root !== undefined) return root;
  throw userError(
    'no-pipeline',
    `there is no ${PIPELINE_FILE} in ${cwd} or a folder above`,
    startHint(cwd),
  );
}

/**
 * Opens the project around `host.cwd`, from its cached plan if that is valid. `readOnly`: writes no
 * caches; `if-new`: for a question, which does not make the cache folder.
 */
export async function openProject(
  host: Host,
  given: Variant,
  warn: (message: string) => void,
  readOnly: ReadOnly = false,
): Promise<Project> {
  const file = given.file ?? host.file;
  const variant = file === undefined ? given : { ...given, file };
  const root = findRoot({ cwd: host.cwd, file });
  const folder = namedFolder(root, host.env);
  const cache = openCache({
    project: root,
    ...(folder === undefined ? {} : { folder }),
    readOnly,
    warn,
  });
  cache.readSet.stat(path.join(root, pipelineName(root, file)));
  const build = `${host.version} ${toolIn(host.dist)}`;
  const plan = await planOf({ ...host, build }, root, variant, cache);
  if (plan.items.length >= MANY) optimizeLater();
  for (const warning of plan.warnings) warn(warning);
  return { ...host, build, env: wholeEnvironment(host.env), root, variant, plan, cache };
}

/** A frozen run changes nothing, and a dry run is a question. */
export function readOnlyFor({ dry, frozen }: Pick<RunOptions, 'dry' | 'frozen'>): ReadOnly {
  return frozen !== false || (dry && 'if-new');
}

/** Where the parts of the plan are in the pipeline file, for errors. */
export async function planPlaces({
  root,
  variant,
}: Pick<Project, 'root' | 'variant'>): Promise<Places> {
  const { placesOf } = await import('../pipeline/places.js');
  return placesOf({ project: root, ...variant });
}

/** The same project with another variant of the current pipeline.yaml. */
export async function asVariant(project: Project, other: Variant): Promise<Project> {
  const { file } = project.variant;
  const variant = file === undefined ? other : { ...other, file };
  const plan = await planOf(project, project.root, variant, project.cache);
  return { ...project, variant, plan };
}

/**
 * The name of a cached plan hashes its text, its variant and the build of pipe. The plan lists its other
 * inputs, which are compared. If links make names of the plan lead elsewhere, edges and overlaps
 * are computed again, between real places.
 */
async function planOf(
  host: Host & Pick<Project, 'build'>,
  root: string,
  variant: Variant,
  cache: Cache,
): Promise<Plan> {
  const pipeline = pipelineName(root, variant.file);
  const text = readPipeline(root, pipeline);
  const files = new PlanFiles(root, { observer: cache.readSet });
  const nameOf = (links: Links, reads: readonly PlanRead[] = []) =>
    sha256(
      JSON.stringify([
        'plan',
        host.build,
        pipeline,
        text,
        variant.profiles,
        variant.set,
        links,
        reads,
      ]),
    );
  const options = { project: root, ...variant, text, files };
  const plan = await keptPlan(options, nameOf({}), cache);
  host.onSecrets?.(secretValues(plan, host.env));
  const links = await notedLinks(root, plan, nameOf({}, plan.reads), cache);
  if (Object.keys(links).length === 0) return plan;
  return keptPlan({ ...options, links }, nameOf(links, plan.reads), cache);
}

async function keptPlan(
  options: LoadOptions & { readonly files: PlanFiles },
  name: string,
  cache: Cache,
): Promise<Plan> {
  const kept = cache.state.readKept('plans', name) as Plan | undefined;
  if (kept !== undefined && options.files.hold(kept.reads)) return kept;
  const { loadPlan } = await import('../pipeline/load.js');
  const plan = loadPlan(options);
  cache.state.writeKept('plans', name, plan);
  return plan;
}
