/**
 * What to correct when a scheduler refuses a job or will never start it: the options that its
 * message is about, and where they are written.
 */
import type { Project } from '../decide/project.js';
import type { Place } from '../error.js';
import { placesOf, type ResourceKey } from '../pipeline/places.js';
import type { Item } from '../pipeline/plan.js';
import { isOption, namesOf } from './sbatch-options.js';
import { splitWords } from './scheduler-programs.js';
import { LOCAL_FILE, readSite } from './site.js';

interface Topic {
  /** Matches Slurm's message. */
  readonly said: RegExp;
  /** Names of sbatch options. */
  readonly options: readonly string[];
  /** The key of `resources` that sets one of them. */
  readonly key?: ResourceKey;
}

const GPUS = ['gres', 'gpus', 'G', 'gpus-per-node', 'gpus-per-task'];
const MEMORY = ['mem', 'mem-per-cpu', 'mem-per-gpu'];

const TOPICS: readonly Topic[] = [
  { said: /\baccount\b|InvalidAccount/i, options: ['account', 'A'] },
  { said: /\bpartition\b/i, options: ['partition', 'p'] },
  { said: /\bqos\b/i, options: ['qos', 'q'] },
  { said: /feature|BadConstraints/, options: ['constraint', 'C'] },
  { said: /reservation/i, options: ['reservation'] },
  { said: /node name/i, options: ['nodelist', 'w', 'exclude', 'x'] },
  { said: /licen[sc]e/i, options: ['licenses', 'L'] },
  { said: /deadline/i, options: ['deadline'] },
  { said: /time ?limit|MaxWall/i, options: ['time', 't'], key: 'time' },
  { said: /gres|gpu|node configuration|BadConstraints/i, options: GPUS, key: 'gpu' },
  { said: /mem(?:ory|Per)|node configuration|BadConstraints/i, options: MEMORY, key: 'memory' },
  {
    said: /processor|cpu|node configuration|BadConstraints/i,
    options: ['cpus-per-task', 'c'],
    key: 'cpu',
  },
];

/** Part of every refusal because of a limit, after the name of that limit. */
const ANY_LIMIT = /Job violates accounting\/QOS policy \([^)]*\)/;

/** A place where options of the job are written, and those options. */
interface Source {
  readonly words: readonly string[];
  readonly where: string;
}

/** @param said the scheduler's message */
export function hintFor(
  project: Pick<Project, 'root' | 'env' | 'variant'>,
  item: Item,
  executor: string,
  said: string,
): string {
  if (/dependency/i.test(said)) return 'a job that it waited for did not succeed: run again';
  if (/(?:Max|Grp)Submit/.test(said)) return `lower \`jobs\` in ${LOCAL_FILE}`;
  const places = placesOf({ project: project.root, ...project.variant });
  const own = at(`\`slurm\` of ${item.stage}`, item.slurm && places.slurm(item.id));
  if (executor !== 'slurm') {
    const flags = item.slurm === undefined ? '' : `"${item.slurm}" in ${own}, or `;
    const named = at(executor, item.executor && places.executor(item.id));
    return `correct ${flags}the command \`submit\` of ${named} in ${LOCAL_FILE}`;
  }
  const sources: readonly Source[] = [
    { words: splitWords(item.slurm ?? ''), where: own },
    { words: splitWords(project.env.PIPE_SLURM ?? ''), where: 'PIPE_SLURM' },
    { words: readSite({ ...project, env: {} }).slurm.flags, where: `\`flags\` in ${LOCAL_FILE}` },
  ];
  const topics = topicsOf(said);
  const found = topics.flatMap(({ options, key }) => {
    const written = lastWritten(options, sources);
    if (written !== undefined) return [written];
    const value = key && statedValue(item, key);
    if (!value) return [];
    return [`\`${key}\` in ${at(`\`resources\` of ${item.stage}`, places.resource(item.id, key))}`];
  });
  if (found.length > 0) return `correct ${[...new Set(found)].join(', or ')}`;
  const names = topics.map(({ options: [name] }) => `--${name}`).join(' or ');
  return `${names === '' ? 'correct the options of the job' : `set ${names}`} in ${own}, in PIPE_SLURM, or in \`flags\` of ${LOCAL_FILE}`;
}

/** If the message names an option, only that option counts: just its value may be wrong. */
function topicsOf(said: string): readonly Topic[] {
  const named = /(?<!\S)['"]?--([a-z][\w-]*)/.exec(said)?.[1];
  if (named !== undefined) return [{ said: /./, options: namesOf(named) }];
  const about = said.replace(ANY_LIMIT, '');
  return TOPICS.filter((topic) => topic.said.test(about));
}

/** sbatch uses the last occurrence of an option, so the sources are in reverse order. */
function lastWritten(options: readonly string[], sources: readonly Source[]): string | undefined {
  for (const { words, where } of sources) {
    const index = words.findLastIndex((word) => options.some((name) => isOption(word, name)));
    const word = words[index];
    if (word === undefined) continue;
    const value = words[index + 1];
    const isApart = options.some((name) => word === `--${name}` || word === `-${name}`);
    const text = isApart && value !== undefined ? `${word} ${value}` : word;
    return `${text} in ${where}`;
  }
  return undefined;
}

function statedValue(item: Item, key: ResourceKey): boolean {
  if (key === 'time') return item.time !== undefined;
  return item.resources[key] > (key === 'cpu' ? 1 : 0);
}

function at(what: string, place: Place | '' | undefined): string {
  return !place ? what : `${what} (${place.file}:${place.line}:${place.column})`;
}
