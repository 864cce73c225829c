/**
 * Compares the result of one execution with the expected one: by digests, and if these differ by
 * content.
 */
import path from 'node:path';
import { DamagedObject, openCache } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { EpochRecord, RunRecord } from '../cache/records/record.js';
import { compareArtifacts } from '../compare/artifacts.js';
import type { Tolerance } from '../compare/deviation.js';
import { type Comparison, differenceText } from '../compare/difference.js';
import { compareNumbers } from '../compare/json-values.js';
import type { Finding, Verified } from '../compare/verified.js';
import { type BuildContext, itemAt } from '../decide/build-context.js';
import type { DecisionContext } from '../decide/fingerprint.js';
import { metricFilesOf } from '../decide/metric-files.js';
import { chainKey } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import type { Expected } from './expected-result.js';
import type { FreshFolder } from './fresh-folder.js';

export interface VerifyJob {
  readonly index: number;
  readonly expected: Expected;
  readonly runs: number;
  /**
   * For an incremental item: compute this many epochs from the beginning, and compare only their
   * states.
   */
  readonly epochs: number | undefined;
  /** The workspace as it will be once everything is restored. */
  readonly context: DecisionContext;
}

/** An execution and its folder. */
export interface Run {
  readonly fresh: FreshFolder;
  readonly record: RunRecord;
}

export type Compared = Pick<Verified, 'verdict' | 'findings'>;

/**
 * Compares the first execution with the expected result, and the others with the first.
 *
 * @param count number of this execution; 0 if it is the only one
 */
export async function compareRun(
  build: BuildContext,
  job: VerifyJob,
  run: Run,
  first: Run | undefined,
  count: number,
): Promise<Compared> {
  const item = itemAt(build, job.index);
  const prefix = first === undefined ? '' : `run ${count} compared with run 1: `;
  const comparisons: Located[] = [];
  if (job.epochs === undefined) {
    const other = first === undefined ? expectedOuts(build, job, run) : outsOf(first);
    for (const out of item.outs) {
      const comparison = await compareOut(item, out, run, other);
      if (comparison !== undefined) comparisons.push({ where: out.path, comparison });
    }
  }
  if (item.epochs !== undefined) {
    const chain = chainKey(job.expected.manifest, item.epochs.param);
    const other = first === undefined ? expectedStates(build, job, chain) : statesOf(first, chain);
    const differing = await compareStates(item, run, chain, other);
    if (differing !== undefined) comparisons.push(differing);
  }
  return total(
    comparisons.map((each) => ({
      verdict: each.comparison.verdict,
      findings: findingsOf(each, prefix),
    })),
  );
}

interface Located {
  readonly where: string;
  readonly comparison: Comparison;
}

/** The other side of a comparison: its digest, and its content if available. */
interface Other {
  readonly digest: Digest;
  /** Absolute path of the content. */
  content(): Promise<string | undefined>;
  /** Numbers of a JSON file, if nothing else is known about it. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** The worst verdict, and all findings. */
export function total(compared: readonly Compared[]): Compared {
  const is = (wanted: Compared['verdict']) => compared.some(({ verdict }) => verdict === wanted);
  const verdict = is('differs') ? 'differs' : is('tolerated') ? 'tolerated' : 'same';
  return { verdict, findings: compared.flatMap(({ findings }) => findings) };
}

function findingsOf({ where, comparison }: Located, prefix: string): Finding[] {
  switch (comparison.verdict) {
    case 'same':
      return [];
    case 'tolerated': {
      const largest = Number(comparison.largest.toPrecision(3));
      return [{ where, text: `${prefix}within tolerance: deviates by at most ${largest}` }];
    }
    case 'differs': {
      const { file, difference, more } = comparison;
      const further = more > 0 ? ` (${more} more files differ)` : '';
      const at = file === '' ? where : `${where}/${file}`;
      return [{ where: at, text: `${prefix}${differenceText(difference)}${further}` }];
    }
    default:
      return comparison satisfies never;
  }
}

type Out = Item['outs'][number];

async function compareOut(
  item: Item,
  out: Out,
  run: Run,
  other: (out: Out) => Other | undefined,
): Promise<Comparison | undefined> {
  const [actual, wanted] = [outsOf(run)(out), other(out)];
  if (actual === undefined || wanted === undefined) return undefined;
  return compareContent(wanted, actual.digest, actual.content, allowedOf(item, out));
}

/** The allowed deviations of an out. */
interface Allowed {
  readonly whole: Tolerance | undefined;
  /** Tolerances by file in a folder, because its metrics have their own. */
  readonly ofFile?: ReadonlyMap<string, Tolerance>;
}

function allowedOf(item: Item, { name, path: where }: Out): Allowed {
  const ofFile = new Map<string, Tolerance>();
  for (const { out, path: file, within } of metricFilesOf(item)) {
    const tolerance = item.tolerance?.[file];
    if (out === name && within !== '' && tolerance !== undefined) ofFile.set(within, tolerance);
  }
  return { whole: item.tolerance?.[where], ofFile };
}

async function compareContent(
  other: Other,
  digest: Digest,
  actual: () => Promise<string | undefined>,
  { whole, ofFile }: Allowed,
): Promise<Comparison> {
  if (other.digest === digest) return { verdict: 'same' };
  const [before, now] = [await other.content(), await actual()];
  const compared =
    before === undefined || now === undefined
      ? now && other.numbers && compareNumbers(other.numbers, now, whole)
      : compareArtifacts(before, now, whole, ofFile);
  if (compared && compared.verdict !== 'same') return compared;
  const difference = { kind: 'digest', expected: other.digest, actual: digest } as const;
  return { verdict: 'differs', file: '', difference, more: 0 };
}

function outsOf(run: Run): (out: Out) => Other | undefined {
  return (out) => {
    const digest = run.record.outs.find(({ name }) => name === out.name)?.digest;
    return digest && { digest, content: async () => path.join(run.fresh.root, out.path) };
  };
}

function expectedOuts(
  build: BuildContext,
  { expected }: VerifyJob,
  run: Run,
): (out: Out) => Other | undefined {
  return (out) => {
    const digest = expected.outs[out.name];
    const numbers = expected.metrics[out.name];
    return (
      digest && {
        digest,
        content: () => storedContent(build, run.fresh, out.path, digest),
        ...(numbers === undefined ? {} : { numbers }),
      }
    );
  };
}

/** From the cache, or from the workspace if the content there is right. */
async function storedContent(
  build: BuildContext,
  fresh: FreshFolder,
  where: string,
  digest: Digest,
): Promise<string | undefined> {
  const { cache, root } = build.project;
  if (cache.scanSync(where)?.digest === digest) return path.join(root, where);
  const place = path.join(path.dirname(fresh.root), 'expected');
  const options = { project: place, folder: cache.layout.root, readOnly: true, warn: () => {} };
  const stored = openCache(options);
  try {
    await stored.outs.restore({ digest }, where);
    return path.join(place, where);
  } catch (error) {
    if (error instanceof DamagedObject) return undefined;
    throw error;
  } finally {
    stored.close();
  }
}

type States = (epoch: number) => Other | undefined;

/** The first epoch whose state differs. */
async function compareStates(
  item: Item,
  run: Run,
  chain: string,
  other: States,
): Promise<Located | undefined> {
  const records = run.fresh.cache.chains.readEpochs(chain).sort((a, b) => a.epoch - b.epoch);
  let tolerated: Located | undefined;
  for (const record of records) {
    const wanted = other(record.epoch);
    if (wanted === undefined) continue;
    const actual = () => stateFolder(run.fresh, chain, record, 'actual');
    const comparison = await compareContent(wanted, record.state, actual, {
      whole: wholeTolerance(item),
    });
    const located = { where: `epoch ${record.epoch}`, comparison };
    if (comparison.verdict === 'differs') return located;
    if (comparison.verdict === 'tolerated') tolerated ??= located;
  }
  return tolerated;
}

/** The outs are made from the state, so the tolerance of any out applies to it. */
function wholeTolerance({ tolerance }: Item): Tolerance | undefined {
  return tolerance && Object.assign({}, ...Object.values(tolerance));
}

function statesOf({ fresh }: Run, chain: string): States {
  const records = new Map(fresh.cache.chains.readEpochs(chain).map((each) => [each.epoch, each]));
  return (epoch) => {
    const record = records.get(epoch);
    const content = async () => record && stateFolder(fresh, chain, record, 'first');
    return record && { digest: record.state, content };
  };
}

function expectedStates(build: BuildContext, { expected }: VerifyJob, chain: string): States {
  const { cache } = build.project;
  const records = new Map(cache.chains.readEpochs(chain).map((each) => [each.epoch, each]));
  return (epoch) => {
    const digest = expected.states[epoch];
    const record = records.get(epoch);
    const content = async () =>
      record?.state === digest && record !== undefined
        ? stateFolder({ cache, root: cache.tmpFolder('states') }, chain, record, 'expected')
        : undefined;
    return digest && { digest, content };
  };
}

/** Undefined for a state that is not stored. */
async function stateFolder(
  { cache, root }: Pick<FreshFolder, 'cache' | 'root'>,
  chain: string,
  record: EpochRecord,
  name: string,
): Promise<string | undefined> {
  if (!cache.chains.hasState(record)) return undefined;
  const into = path.join(path.dirname(root), `${name}-${chain.slice(0, 8)}-${record.epoch}`);
  try {
    await cache.chains.restoreState(chain, record.epoch, into);
    return into;
  } catch (error) {
    if (error instanceof DamagedObject) return undefined;
    throw error;
  }
}
