/** Completes the word at the cursor of a shell. Runs nothing, writes nothing, and prints no errors. */
import { existsSync } from 'node:fs';
import { type Host, openProject, rootOf } from '../decide/project.js';
import { UserError } from '../error.js';
import { leavesOf } from '../json.js';
import type { Item, Plan } from '../pipeline/plan.js';
import { namedPlace } from '../sys/real-place.js';
import { refusalMessage } from '../system-message.js';
import type { Commands } from './command.js';
import { HELP, type Option, type Usage } from './command-usage.js';
import { inFolder } from './folder.js';
import { usageFor } from './help.js';

interface Completion {
  /** The whole word. */
  readonly value: string;
  readonly help?: string | undefined;
}

/** The text before the word at the cursor. */
interface Line {
  readonly host: Host;
  /** The project of the folder that the command line names; undefined if there is none. */
  readonly root: string | undefined;
  readonly usage: Usage;
  /** The words between the command and the cursor. */
  readonly before: readonly string[];
}

/** @param written the words after `pipe` as typed, the last one up to the cursor */
export async function candidates(
  written: readonly string[],
  commands: Commands,
  host: Host,
): Promise<Completion[]> {
  // Without quotes and backslashes.
  const words = written.map((word) => word.replace(/\\(.)|["']/gs, '$1'));
  const typed = words.at(-1) ?? '';
  try {
    const found = await completionsFor(words.slice(0, -1), typed, commands, host);
    // The shell would split a word at a line feed or a tab.
    return found.filter(({ value }) => value.startsWith(typed) && !/[\t\n]/.test(value));
  } catch (error) {
    // A pipeline with errors has no stages to offer. `pipe status` reports the errors; completion
    // stays silent.
    if (error instanceof UserError || refusalMessage(error) !== undefined) return [];
    throw error;
  }
}

async function completionsFor(
  earlier: readonly string[],
  typed: string,
  commands: Commands,
  host: Host,
): Promise<readonly Completion[]> {
  const last = earlier.at(-1);
  if (last === '-C' || last === '--file') return [];
  const { folders, file: named, words } = inFolder(earlier);
  const [name, ...before] = words;
  if (name === undefined) return typed.startsWith('-') ? GLOBAL : namesOf(commands);
  if (name === 'help') return before.length === 0 ? namesOf(commands) : [];
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) return [];
  const { command } = await entry.load();
  const home = host.env.HOME ?? '';
  const cwd = folders.map((each) => each.replace(/^~(?=\/|$)/, home)).reduce(namedPlace, host.cwd);
  const file = named === undefined ? undefined : namedPlace(cwd, named);
  const root = existsSync(cwd) ? rootOf({ cwd, file }) : undefined;
  const line: Line = {
    host: { ...host, cwd, file },
    root,
    usage: usageFor(command, before),
    before,
  };
  const inOption = optionBefore(line, typed);
  if (inOption !== undefined) return valuesOf(inOption, typed, line);
  return typed.startsWith('-') ? optionsOf(line) : positionalsOf(line, command, typed);
}

const GLOBAL: readonly Completion[] = [
  { value: '-C', help: 'start in another folder' },
  { value: '--file', help: 'read another pipeline file' },
  { value: '--help', help: HELP.help },
  { value: '--version', help: 'print the version' },
];

function namesOf(commands: Commands): Completion[] {
  return Object.entries(commands).map(([value, { summary }]) => ({ value, help: summary }));
}

/** The option whose value is at the cursor: in `--set=a` or after `--set`. */
function optionBefore({ usage, before }: Line, typed: string): Option | undefined {
  const name = /^--([^=]+)=/s.exec(typed)?.[1];
  if (name !== undefined) return usage.options.find((option) => option.name === name);
  const last = before.at(-1);
  return usage.options.find((option) => option.value !== undefined && last === `--${option.name}`);
}

async function valuesOf(option: Option, typed: string, line: Line): Promise<Completion[]> {
  const front = typed.startsWith(`--${option.name}=`) ? `--${option.name}=` : '';
  const values =
    option.name === 'set'
      ? (await paramsOf(line)).map((each) => ({ ...each, value: `${each.value}=` }))
      : option.name === 'profile'
        ? (await profilesOf(line)).map((value) => ({ value }))
        : (option.choices ?? []).map((value) => ({ value }));
  return values.map((each) => ({ ...each, value: front + each.value }));
}

/** The options that the command accepts and the line does not contain yet. */
function optionsOf({ usage, before }: Line): Completion[] {
  const given = new Set(before.map((word) => word.replace(/=.*$/s, '')));
  return [...usage.options, HELP]
    .filter(({ name, multiple }) => multiple === true || !given.has(`--${name}`))
    .flatMap(({ name, choices = [], help }) => [
      { value: `--${name}`, help },
      ...choices.map((choice) => ({ value: `--${name}=${choice}`, help })),
    ]);
}

async function positionalsOf(
  line: Line,
  { parts = [] }: Usage,
  typed: string,
): Promise<readonly Completion[]> {
  const { usage, before } = line;
  const isFirst = !before.some(
    (word, at) =>
      !word.startsWith('-') &&
      optionBefore({ ...line, before: before.slice(0, at) }, word) === undefined,
  );
  const own = isFirst ? parts.map(({ name, summary }) => ({ value: name, help: summary })) : [];
  if (/\bitem\b/.test(usage.positionals))
    return [...own, ...itemsOf(await planOf(line), line, typed)];
  if (/\bpath\b/.test(usage.positionals)) return [...own, ...(await paramsOf(line))];
  if (own.length > 0 || !isFirst || !/^\w+( \| \w+)+$/.test(usage.positionals)) return own;
  return usage.positionals.split(' | ').map((value) => ({ value }));
}

/** Matching stages. If only one matches, also its items: all items of a large matrix would be too many. */
function itemsOf(plan: Plan | undefined, { before }: Line, typed: string): Completion[] {
  const items = plan?.items ?? [];
  const fits = ({ id, stage }: Item) =>
    typed.includes('@') ? id.startsWith(typed) : stage.startsWith(typed);
  const found = items.filter(fits);
  const stages = new Map(found.map(({ stage, desc }) => [stage, desc]));
  const shown = stages.size === 1 ? found : [];
  const all = new Map([...stages, ...shown.map(({ id, desc }) => [id, desc] as const)]);
  for (const word of before) all.delete(word);
  return [...all].map(([value, help]) => ({ value, help: help?.replace(/\s+/g, ' ') }));
}

/** The paths of all params; the help is the value. */
async function paramsOf(line: Line): Promise<Completion[]> {
  const leaves = leavesOf((await planOf(line))?.params).filter(([path]) => path !== '');
  return leaves.map(([value, leaf]) => ({ value, help: JSON.stringify(leaf) }));
}

/** The stored plan of the current definition, or one made only for this completion. */
async function planOf({ host, root, before }: Line): Promise<Plan | undefined> {
  if (root === undefined) return undefined;
  const variant = { profiles: given(before, 'profile'), set: given(before, 'set') };
  const project = await openProject(host, variant, () => {}, true);
  project.cache.close();
  return project.plan;
}

/** The values given to an option in the line. */
function given(before: readonly string[], name: string): string[] {
  return before.flatMap((word, at) => {
    if (word.startsWith(`--${name}=`)) return [word.slice(name.length + 3)];
    const value = word === `--${name}` ? before[at + 1] : undefined;
    return value === undefined ? [] : [value];
  });
}

async function profilesOf({ root, host }: Line): Promise<readonly string[]> {
  if (root === undefined) return [];
  const { profileNames } = await import('../pipeline/load.js');
  return profileNames({ project: root, file: host.file });
}
