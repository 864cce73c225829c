/** Finds the program that a command starts, and in which folder: `nice env -C sub ./fit`, `uv run make`. Pure. */
import { byName } from '../lists.js';
import { folderIn } from './project-paths.js';
import { INTERPRETER } from './python/file-kinds.js';
import { commandStart, programName, type SimpleCommand } from './shell-commands.js';

type Words = SimpleCommand['words'];

/** A program that starts the one that its other words name. */
interface Starter {
  /** Options whose value is the next word. */
  readonly valued?: RegExp;
  /** The number of words before the program: the time of `timeout`. */
  readonly before?: number;
  /** The program comes after this word. */
  readonly verb?: string;
}

const STARTERS = byName<Starter>([
  ['nohup setsid exec command chronic unbuffer uvx', {}],
  ['env', { valued: /^-[uCS]$/ }],
  ['nice ionice stdbuf', { valued: /^-[cnpioe]$/ }],
  ['numactl', { valued: /^-[NmCip]$/ }],
  ['timeout', { valued: /^-[ks]$/, before: 1 }],
  ['flock', { valued: /^-[wE]$/, before: 1 }],
  ['taskset chrt', { before: 1 }],
  ['sudo', { valued: /^-[ugUhpCDRrTt]$/ }],
  ['time', { valued: /^-[fo]$/ }],
  ['xargs parallel', { valued: /^-[adEILnPsjN]$/ }],
  ['xvfb-run', { valued: /^-[enpsw]$/ }],
  ['srun sbatch salloc', { valued: /^-[AaBCcDdeFGiJLMmNnopqrStUwxZ]$/ }],
  ['mpirun mpiexec', { valued: /^-(?:n|np|c|H|x|host|hostfile|machinefile|wd|wdir)$/ }],
  [
    'uv poetry pdm rye pipenv hatch pipx dotenv conda mamba micromamba',
    { verb: 'run', valued: /^-[epnCPf]$/ },
  ],
  ['pixi', { verb: 'run', valued: /^-[em]$/ }],
]);

export const STARTER_NAMES: readonly string[] = [...STARTERS.keys()];

/** They take a command as one word: `parallel 'python x.py {}' ::: 1 2`. */
export const TEXT_STARTERS: ReadonlySet<string> = new Set(
  'eval trap parallel watch script su flock sbatch concurrently'.split(' '),
);

/** Long options whose value, the next word, is a path. */
const PATH_OPTION =
  /^--(?:directory|project|package|with|with-requirements|with-editable|from|spec|env-file|config-file|cache-dir|python|prefix|cwd|manifest-path|pyproject|output|error|input|chdir|hostfile)$/;

/** The index of the program's word, also after `nice`, `uv run` and similar programs; -1 without one. */
export function startedProgram(words: Words): number {
  let at = commandStart(words);
  // `time -p`, whose first word is a word of the shell.
  while (words[at]?.startsWith('-')) at += 1;
  for (;;) {
    const starter = STARTERS.get(programName(words[at]));
    const next = starter === undefined ? -1 : programBehind(words, at, starter);
    if (next < 0) return at < words.length ? at : -1;
    at = next;
  }
}

/** Of `python -m invoke`, the index of the module's word. */
export function startedModule(words: Words): number {
  const at = startedProgram(words);
  return INTERPRETER.test(words[at] ?? '') && words[at + 1] === '-m' ? at + 2 : at;
}

function programBehind(words: Words, starter: number, { valued, before = 0, verb }: Starter) {
  const run = verb === undefined ? starter : words.indexOf(verb, starter + 1);
  if (run < 0) return -1;
  let left = before;
  let unsure = -1;
  for (let at = run + 1; at < words.length; at++) {
    const [previous = '', word] = [words[at - 1], words[at]];
    const isValue = at > run + 1 && (valued?.test(previous) || PATH_OPTION.test(previous));
    if (isValue || /^[-+]|^\w+=/.test(word ?? '')) continue;
    if (left > 0) left -= 1;
    else if (/^[\d.]+[smhd]?$/.test(word ?? '')) continue;
    // May be the value of an unknown option.
    else if (/^--\w[\w-]*$/.test(previous) && !mayBeProgram(word))
      unsure = unsure < 0 ? at : unsure;
    else return at;
  }
  return unsure;
}

/** A value of an option rarely is one of these. */
function mayBeProgram(word: string | undefined): boolean {
  if (word === undefined) return false;
  return (
    word.includes('/') || INTERPRETER.test(word) || /^(?:make|just|(?:ba|z|k|da)?sh)$/.test(word)
  );
}

/** Options and variables by which a program starts another one in a folder. */
const FOLDER_OPTIONS: readonly (readonly [program: RegExp, option: RegExp])[] = [
  [/^uv$/, /^(?:--directory|UV_WORKING_DIR)(?:=|$)/],
  [/^poetry$/, /^(?:-C|--directory)(?:=|$)/],
  [/^env$/, /^(?:-C|--chdir)(?:=|$)/],
  [/^(?:conda|mamba|micromamba)$/, /^--cwd(?:=|$)/],
  [/^(?:srun|sbatch)$/, /^(?:-D|--chdir)(?:=|$)/],
  [/^(?:mpirun|mpiexec)$/, /^--?wd(?:ir)?(?:=|$)/],
  [/^(?:g?make|pnpm)$/, /^(?:-C|--dir(?:ectory)?)(?:=|$)/],
  [/^npm$/, /^--prefix(?:=|$)/],
  [/^yarn$/, /^--cwd(?:=|$)/],
];

/** The value of the option at an index: after its `=`, else the next word. */
export function optionValue(words: Words, at: number): string | undefined {
  const word = words[at];
  return word?.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
}

/** `env -C sub python x.py`: the command, in the folder where it starts the other one. */
export function elsewhere(command: SimpleCommand): SimpleCommand {
  const { folder, words } = command;
  for (const [at, word] of words.entries()) {
    if (word === undefined) continue;
    const isSet = FOLDER_OPTIONS.some(
      ([program, option]) =>
        option.test(word) &&
        words.some((each, from) => program.test(programName(each)) && takes(words, from, at)),
    );
    if (!isSet) continue;
    const target = optionValue(words, at);
    const isKnown = folder !== undefined && target !== undefined && !target.startsWith('/');
    return { ...command, folder: isKnown ? folderIn(folder, target) : undefined };
  }
  return command;
}

/** True if the option is not one of the program that the one at `from` starts. */
function takes(words: Words, from: number, option: number): boolean {
  const program = programFrom(words, from);
  return program === from || option <= program;
}

/** The index of the program that the one at `from` starts in the end; `from` for none. */
export function programFrom(words: Words, from: number): number {
  return from + Math.max(0, startedProgram(words.slice(from)));
}
