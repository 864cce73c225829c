/** The commands by name, each loaded on demand. */
import { parse } from './args.js';
import { type Command, type CommandContext, type Commands, EXIT } from './command.js';

export const COMMANDS: Commands = {
  run: { summary: 'run what is stale', load: () => import('./run-command.js') },
  watch: {
    summary: 'run, and run again when a file changes',
    load: () => import('./watch-command.js'),
  },
  status: {
    summary: 'show each item: fresh, or why not',
    load: () => import('./status-command.js'),
  },
  why: { summary: 'explain why an item is stale', load: () => import('./why-command.js') },
  epochs: { summary: 'list the epochs of an item', load: () => import('./epochs-command.js') },
  params: {
    summary: 'show the params, and where each value comes from',
    load: () => import('./params-command.js'),
  },
  graph: {
    summary: "show the dependency graph and each stage's state",
    load: () => import('./graph-command.js'),
  },
  log: {
    summary: 'print the output of an item, also while it runs',
    load: () => import('./log-command.js'),
  },
  cache: {
    summary: 'show cache usage, verify integrity, or collect garbage',
    load: () => import('./cache-command.js'),
  },
  metrics: {
    summary: 'show metrics, and compare them with a revision',
    load: () => import('./metrics-command.js'),
  },
  plots: {
    summary: 'show plots, and compare them with a revision',
    load: () => import('./plots-command.js'),
  },
  report: {
    summary: 'write an HTML page of items, results, epochs and logs',
    load: () => import('./report-command.js'),
  },
  ui: {
    summary: 'serve that page on 127.0.0.1, and follow runs',
    load: () => import('./ui-command.js'),
  },
  results: {
    summary: 'list every recorded result, or compare two',
    load: () => import('./results-command.js'),
  },
  checkout: {
    summary: 'copy the outs of any result into a folder',
    load: () => import('./checkout-command.js'),
  },
  push: {
    summary: 'send results to the remote cache',
    load: () => import('./push-command.js'),
  },
  pull: {
    summary: 'fetch results from the remote cache, and run nothing',
    load: () => import('./pull-command.js'),
  },
  remote: {
    summary: 'check the remote cache, or generate signing keys',
    load: () => import('./remote-command.js'),
  },
  lock: {
    summary: 'check that pipeline.lock is up to date',
    load: () => import('./lock-command.js'),
  },
  verify: {
    summary: 'run items again in a fresh folder, and compare',
    load: () => import('./verify-command.js'),
  },
  init: {
    summary: 'write a small pipeline to start from',
    load: () => import('./init-command.js'),
  },
  doctor: {
    summary: 'check the machine and the project',
    load: () => import('./doctor-command.js'),
  },
  completion: {
    summary: 'print a completion script for bash, zsh or fish',
    // It completes the names and options of all commands, including its own.
    load: async () => (await import('./completion-command.js')).completionOf(COMMANDS),
  },
  stage: {
    summary: "print TypeScript types of stages' params, deps and outs",
    load: () => import('./stage-command.js'),
  },
  schema: {
    summary: 'print the JSON Schema of pipeline.yaml',
    load: () => import('./schema-command.js'),
  },
};

/** Commands that only pipe itself calls. No list shows them. */
const HIDDEN: Commands = {
  job: {
    summary: 'execute the job file of a batch system',
    load: () => import('./job-command.js'),
  },
};

/** @throws UserError with the most similar command */
export async function commandNamed(name: string): Promise<Command> {
  const own = Object.hasOwn(HIDDEN, name) ? HIDDEN : COMMANDS;
  const entry = Object.hasOwn(own, name) ? own[name] : undefined;
  if (entry !== undefined) return (await entry.load()).command;
  const { unknownCommand } = await import('./argument-errors.js');
  throw unknownCommand(name, COMMANDS);
}

/** Resolves to the exit code. */
export async function execute(
  command: Command,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  return (await command.run(await parse(command, argv), context)) ?? EXIT.done;
}
