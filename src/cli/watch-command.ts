/** `pipe watch`: runs, and runs again whenever a relevant file changes. */
import { renderDiagnostic } from '../error.js';
import { watchProject } from '../watch/watch-loop.js';
import { type Command, type CommandContext, EXIT, variantOf } from './command.js';
import type { Parsed } from './command-usage.js';
import { NOT_WITH_WATCH, optionsOf, RUN_USAGE, reporterFor } from './run-options.js';

export const command: Command = {
  ...RUN_USAGE,
  command: 'watch',
  summary: 'Runs what is stale, and runs again whenever a relevant file changes.',
  options: RUN_USAGE.options.filter(({ name }) => ![...NOT_WITH_WATCH, 'watch'].includes(name)),
  notes:
    'Relevant files: pipeline.yaml, the code of stages with its imports and packages, and deps\nthat no stage writes. A change stops the run if it changes the inputs or the definition of\nan item that executes. Otherwise the run goes on, also while pipeline.yaml has errors.\nKeys on a terminal: r or Enter runs now, q quits.',
  run: watch,
};

export async function watch(parsed: Parsed, context: CommandContext): Promise<number> {
  const { terminal, host, interruption } = context;
  const json = parsed.flag('json');
  const say = (text: string) => {
    if (!json) terminal.out(text);
  };
  let letGo: (() => void) | undefined;
  try {
    await watchProject(host, variantOf(parsed), optionsOf(parsed, context), {
      emit: reporterFor(parsed, context),
      onMistake: (error) =>
        terminal.err(`${error.diagnostics.map(renderDiagnostic).join('\n\n')}\n`),
      onChanged: (what, over) => say(`pipe: ${what}${over ? ': starting over' : ''}\n`),
      onIdle: () =>
        say(
          terminal.onKey === undefined ? 'pipe: watching\n' : 'pipe: watching (r runs, q quits)\n',
        ),
      bindKeys({ runNow, quit }) {
        letGo = terminal.onKey?.((key) => {
          if (key === 'q') quit();
          if (key === 'r' || key === '\r' || key === '\n') runNow();
        });
      },
    });
  } finally {
    letGo?.();
  }
  return interruption.stop.aborted ? EXIT.interrupted : EXIT.done;
}
