/** What a command is, and what it may use of the process it runs in. */
import type { Host } from '../run/project.js';
import type { Interruption } from '../run/work.js';
import type { Option, Usage } from './args.js';

/** Exit codes: a contract with scripts and CI. */
export const EXIT = {
  done: 0,
  failed: 1,
  mistake: 2,
  difference: 3,
  interrupted: 130,
} as const;

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** What the other end of stdout is; undefined for pipes and files. */
  readonly screen: Screen | undefined;
}

export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  onResize(listener: () => void): () => void;
  readonly colors: boolean;
}

export interface CommandContext {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
}

export interface Command {
  readonly usage: Usage;
  /** Resolves to the exit code. */
  run(argv: readonly string[], context: CommandContext): Promise<number>;
}

/** The options of every command that reads pipeline.yaml. */
export const VARIANT_OPTIONS: readonly Option[] = [
  {
    name: 'profile',
    value: 'name',
    multiple: true,
    help: 'lay a profile over the params (may be given several times)',
  },
  {
    name: 'set',
    value: 'path=value',
    multiple: true,
    help: 'set a param, as YAML: --set train.epochs=50',
  },
];

export const JSON_OPTION: Option = { name: 'json', help: 'print JSON' };
