/** `pipe completion`: a script that lets a shell complete the words of pipe. */
import { userError } from '../error.js';
import { parse, type Usage } from './args.js';
import { candidates } from './candidates.js';
import { type Command, type CommandContext, type Commands, EXIT } from './command.js';
import { SCRIPTS } from './completion-scripts.js';

const usage: Usage = {
  command: 'completion',
  positionals: 'bash | zsh | fish',
  summary:
    'Prints a script that completes commands, options, stages, items, params and profiles in a shell.',
  options: [],
  notes:
    'bash: add to ~/.bashrc:                    eval "$(pipe completion bash)"\nzsh:  add to ~/.zshrc, after compinit:     eval "$(pipe completion zsh)"\nfish: run once:                            pipe completion fish > ~/.config/fish/completions/pipe.fish',
};

/** The command that completes the words of all these commands. */
export function completionOf(commands: Commands): { readonly command: Command } {
  return { command: { usage, run: (argv, context) => run(argv, context, commands) } };
}

async function run(
  argv: readonly string[],
  { host, terminal }: CommandContext,
  commands: Commands,
): Promise<number> {
  // The scripts call `pipe completion candidates -- run tr`.
  if (argv[0] === 'candidates' && argv[1] === '--') {
    const found = await candidates(argv.slice(2), commands, host);
    terminal.out(found.map(({ value, help = '' }) => `${value}\t${help}\n`).join(''));
    return EXIT.done;
  }
  const [shell = ''] = parse(usage, argv).positionals;
  if (!Object.hasOwn(SCRIPTS, shell))
    throw userError(
      'no-subcommand',
      'pipe completion needs a shell: bash, zsh or fish',
      'for example `pipe completion bash`; its --help says where to put the script',
    );
  terminal.raw(SCRIPTS[shell as keyof typeof SCRIPTS]);
  return EXIT.done;
}
