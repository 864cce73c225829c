/** `pipe completion`: a script that lets a shell complete the words of pipe. */
import { userError } from '../error.js';
import { candidates } from './candidates.js';
import type { Command, Commands } from './command.js';
import { SCRIPTS } from './completion-scripts.js';

/** The scripts call `pipe completion candidates -- run tr`. */
const CANDIDATES = 'candidates';

/** The command that completes the words of all these commands. */
export function completionOf(commands: Commands): { readonly command: Command } {
  const command: Command = {
    command: 'completion',
    positionals: 'bash | zsh | fish',
    summary:
      'Prints a script that completes commands, options, stages, items, params and profiles in a shell.',
    options: [],
    notes:
      'bash: add to ~/.bashrc:                    eval "$(pipe completion bash)"\nzsh:  add to ~/.zshrc, after compinit:     eval "$(pipe completion zsh)"\nfish: run once:                            pipe completion fish > ~/.config/fish/completions/pipe.fish',
    internal: CANDIDATES,
    async run({ positionals: [shell = '', ...words] }, { host, terminal }) {
      if (shell === CANDIDATES) {
        const found = await candidates(words, commands, host);
        terminal.out(found.map(({ value, help = '' }) => `${value}\t${help}\n`).join(''));
      } else if (Object.hasOwn(SCRIPTS, shell))
        terminal.raw(SCRIPTS[shell as keyof typeof SCRIPTS]);
      else
        throw userError(
          'no-subcommand',
          shell === ''
            ? 'pipe completion needs a shell: bash, zsh or fish'
            : `pipe completion does not support "${shell}", only bash, zsh and fish`,
          'for example `pipe completion bash`; its --help says where to put the script',
        );
    },
  };
  return { command };
}
