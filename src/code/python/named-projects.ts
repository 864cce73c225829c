/** Projects whose packages a tool uses: `uv run --project sub x.py`, `uvx --from ./sub train`. Pure. */

import { parentOf } from '../../sys/is-within.js';
import { folderIn, isOutside } from '../project-paths.js';
import { programName, type SimpleCommand } from '../shell-commands.js';
import { optionValue, programFrom } from '../started-program.js';
import { INTERPRETER, isPython } from './file-kinds.js';
import type { Choice } from './python-environment.js';

/** Options and variables by tool. Their value is the folder of a project, or a file in it. */
const PROJECT: Readonly<Record<string, RegExp>> = {
  uv: /^(?:--project|UV_PROJECT)(?:=|$)/,
  poetry: /^(?:-P|--project)(?:=|$)/,
  pdm: /^(?:-p|--project|PDM_PROJECT)(?:=|$)/,
  rye: /^--pyproject(?:=|$)/,
  pixi: /^(?:-m|--manifest-path)(?:=|$)/,
  pipenv: /^PIPENV_PIPFILE=/,
};

const TOOL = /^(?:uvx?|poetry|pdm|rye|pixi|pipenv|pipx|hatch|conda|mamba|micromamba)$/;

/** Their value is a package, which may be a folder. */
const PACKAGE = /^--(?:with|from|spec)(?:=|$)/;
const FOLDER = /^--with-editable(?:=|$)/;

export function isProjectOption(tool: string, word: string): boolean {
  return PROJECT[tool]?.test(word) ?? false;
}

/** The words in front of the program, and the tool among them, if it starts one. */
function startOf(words: SimpleCommand['words']) {
  const at = words.findIndex((word) => TOOL.test(programName(word)));
  const before = words.slice(0, programFrom(words, Math.max(0, at)));
  const starts = at >= 0 && before.length > at;
  return { before, tool: starts ? programName(words[at]) : undefined };
}

/** Why a tool, or Python, starts what the words do not name. */
export function hiddenStart({ folder, words }: SimpleCommand): string | undefined {
  const { before, tool } = startOf(words);
  const isHidden = folder !== undefined && words[before.length] === undefined;
  if (tool !== undefined && isHidden) return `the shell computes what ${tool} starts`;
  if (folder !== undefined || words.some((word) => word !== undefined && isPython(word)))
    return undefined;
  const isInterpreter = words.some((word) => word !== undefined && INTERPRETER.test(word));
  const starter = isInterpreter ? 'Python' : tool;
  return starter && `the shell computes the folder in which ${starter} starts`;
}

export function namedProjects({ folder = '', words }: SimpleCommand): Omit<Choice, 'environment'> {
  const { before, tool } = startOf(words);
  if (tool === undefined) return {};
  const valuesOf = (option: RegExp) =>
    before.flatMap((word, at) => (option.test(word ?? '') ? [optionValue(words, at)] : []));
  const option = PROJECT[tool];
  const named = option === undefined ? [] : valuesOf(option);
  const packages = valuesOf(PACKAGE).filter((word) => word !== undefined && isFolder(word));
  const all = [...named, ...valuesOf(FOLDER), ...packages];
  if (all.length === 0) return {};
  if (all.includes(undefined)) return { unclear: `the shell computes the project of ${tool}` };
  const places = all.map((word) => placeOf(folder, word as string));
  if (places.includes(undefined)) return { unclear: `${tool} uses a project outside of this one` };
  const projects = places as string[];
  return named.length === 0 ? { projects } : { from: projects[0] as string, projects };
}

function isFolder(word: string): boolean {
  return /^\.{0,2}\/|^\.{1,2}(?:\[|$)/.test(word) || /^[\w.-]+\//.test(word);
}

/** Undefined outside of the project. */
function placeOf(folder: string, word: string): string | undefined {
  const written = word.replace(/\[[^\]]*\]$/, '');
  if (written.startsWith('/')) return undefined;
  const place = folderIn(folder, written);
  if (isOutside(place)) return undefined;
  return /\.toml$|(?:^|\/)Pipfile$/.test(place) ? parentOf(place) : place;
}
