/** Usage of a command, declared as data for parsing, help and completion. */

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in the help text; absent for a flag. */
  readonly value?: string;
  readonly multiple?: boolean;
  /** A flag that optionally takes one of these values: `--frozen=keys`. */
  readonly choices?: readonly string[];
  /** The subcommand that it needs. */
  readonly part?: string;
  readonly help: string;
}

export interface Usage {
  readonly command: string;
  /** Arguments after the command's name: `[stage|item …]`. */
  readonly positionals: string;
  readonly summary: string;
  readonly options: readonly Option[];
  /** More paragraphs of the help text. */
  readonly notes?: string;
  /** Values of its first argument that have their own help. */
  readonly parts?: readonly Part[];
  /** Hint for an unexpected argument. */
  readonly strayHint?: string;
  /** A first argument for pipe's own use, with any further ones. */
  readonly internal?: string;
}

/** A subcommand: `pipe cache gc`. */
interface Part {
  readonly name: string;
  readonly positionals: string;
  readonly summary: string;
  /** Names of the command's options that it accepts. */
  readonly options: readonly string[];
  readonly notes?: string;
}

export interface Parsed {
  /** The arguments as given. */
  readonly argv: readonly string[];
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
}

export interface GivenOption {
  /** `--name` or `-n`. */
  readonly rawName: string;
  /** Place of its argument: `-abc` is one argument of three options. */
  readonly index: number;
  /** Undefined for an unknown option. */
  readonly option: Option | undefined;
  readonly value: string | undefined;
}

export const HELP: Option = { name: 'help', short: 'h', help: 'show this help' };
