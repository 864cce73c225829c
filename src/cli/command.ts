/** Interface of commands, and the parts of the process that they may use. */
import type { Interruption, Variant } from '../decide/options.js';
import { type Host, openProject, type Project } from '../decide/project.js';
import { userError } from '../error.js';
import type { Option, Parsed, Usage } from './command-usage.js';
import type { Terminal } from './terminal.js';

/** Exit codes: a contract with scripts and CI. */
export const EXIT = {
  done: 0,
  failed: 1,
  mistake: 2,
  difference: 3,
  interrupted: 130,
} as const;

export interface CommandContext {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
  /** Calls back when this batch job is close to its time limit. */
  readonly onTimeLimit: (listener: () => void) => void;
}

export interface Command extends Usage {
  /** Resolves to the exit code; undefined means done. */
  run(parsed: Parsed, context: CommandContext): Promise<number | undefined>;
}

/** A command as `pipe --help` lists it. */
interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** By name. */
export type Commands = Readonly<Record<string, Entry>>;

/** Options of every command that reads pipeline.yaml. */
export const VARIANT_OPTIONS: readonly Option[] = [
  {
    name: 'profile',
    value: 'name',
    multiple: true,
    help: 'apply a profile to the params (repeatable)',
  },
  {
    name: 'set',
    value: 'path=value',
    multiple: true,
    help: 'set a param to a YAML value, as in train.epochs=50 (repeatable)',
  },
];

export const REMOTE_OPTION: Option = {
  name: 'remote',
  value: 'rw|r|off',
  help: 'read and write the remote cache, only read it, or do not use it',
};

/** For commands that ask the remote cache only on request. */
export const LOOK_OPTION: Option = {
  ...REMOTE_OPTION,
  help: 'r or rw: also ask the remote cache',
};

/** The `--profile` and `--set` options of the command line. */
export function variantOf(parsed: Parsed): Variant {
  return { profiles: parsed.texts('profile'), set: parsed.texts('set') };
}

/** Opens the project for a read-only command: prints warnings on stderr, closes the cache at the end. */
export async function withProject<T>(
  parsed: Parsed,
  { host, terminal }: CommandContext,
  look: (project: Project) => Promise<T>,
): Promise<T> {
  const project = await openProject(host, variantOf(parsed), terminal.warn, 'if-new');
  try {
    return await look(project);
  } finally {
    project.cache.close();
  }
}

/** @throws UserError when the line names no item */
export function requireItem({ command }: Usage, { positionals }: Parsed): void {
  if (positionals.length > 0) return;
  throw userError(
    'no-item',
    `pipe ${command} needs an item`,
    `for example \`pipe ${command} train@faces\`; \`pipe status\` lists the items`,
  );
}

/** What a list of items prints for an empty pipeline. */
export const NO_STAGES = 'there are no stages: write one under `stages:`\n';

export const JSON_OPTION: Option = { name: 'json', help: 'print JSON' };
