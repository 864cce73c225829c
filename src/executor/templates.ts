/**
 * The commands of an executor in `pipe.local.yaml`: shell commands with placeholders for values of
 * a job.
 */

export const COMMANDS = ['submit', 'status', 'cancel'] as const;
export type Command = (typeof COMMANDS)[number];

export const OPTION_NAMES = ['cpu', 'memory', 'gpu', 'time', 'after'] as const;
export type OptionName = (typeof OPTION_NAMES)[number];

/** A shell command; `${name}` stands for a value. */
export type Template = string;

/** The values that each command may use. */
export const COMMAND_VALUES: Readonly<Record<Command, readonly string[]>> = {
  submit: ['name', 'script', 'output', 'options', 'flags', ...OPTION_NAMES.slice(0, 4)],
  status: [],
  cancel: ['ids'],
};

/** Values without which a command cannot work. */
export const NEEDED: ReadonlySet<string> = new Set(['name', 'script', 'ids']);

export const EXAMPLES: Readonly<Record<Command, string>> = {
  submit: 'such as `submit: qsub -terse -N ${name} -o ${output} ${options} ${script}`',
  status: 'it prints a line `<number> <name> <state>` for each job',
  cancel: 'such as `cancel: qdel ${ids}`',
};

export function namesIn(template: Template): string[] {
  return [...template.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name as string);
}

/** @param values, quoted as the command needs them */
export function filled(template: Template, values: Readonly<Record<string, string>>): string {
  return template.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}
