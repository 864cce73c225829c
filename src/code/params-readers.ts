/** Which params files a command reads itself, by the texts that it executes. */
import path from 'node:path';
import { type ExecutedText, withoutComments } from './script-texts.js';

/**
 * Params files that the texts name, with who names them. Empty if the command takes its params from
 * pipe.
 */
export function paramsReaders(
  root: string,
  files: readonly string[],
  executed: readonly ExecutedText[],
): ReadonlyMap<string, string> {
  const texts = executed.map((each) => ({ where: each.where, code: codeOf(each) }));
  if (takeParams(texts.map(({ code }) => code))) return new Map();
  return new Map(
    files.flatMap((file): [string, string][] => {
      const reader = texts.find(({ code }) => names(code, root, file));
      return reader ? [[file, reader.where]] : [];
    }),
  );
}

const PARAMS = member('params');
const OTHERS = member('deps|outs|matrix|resources');

/** `ctx.params`, `ctx$params` in R, `ctx["params"]`, `{ params }` that JavaScript takes apart; not `./params.yaml`. */
function member(names: string): RegExp {
  const read = `(?:\\.|[\\w)\\]]\\$)(?:${names})\\b(?!\\.(?:ya?ml|json)\\b)`;
  const quoted = `(["'\`])(?:${names})\\1(?!\\s*:)`;
  const apart = `\\{[^{}]*\\b(?:${names})\\b[^{}]*\\}\\s*(?::[^=;]+)?(?:=(?!=)|\\))`;
  return new RegExp(`${read}|${quoted}|${apart}`);
}

/**
 * True if the command or a script takes its params from pipe. A program may use the context only for
 * its paths, and read the params from a file.
 */
export function takesParams(executed: Iterable<ExecutedText>): boolean {
  return takeParams([...executed].map(codeOf));
}

function takeParams(texts: readonly string[]): boolean {
  if (!texts.some(hasContext)) return false;
  return texts.some((text) => PARAMS.test(text)) || !texts.some((text) => OTHERS.test(text));
}

/** In JavaScript, `#read` is a private method. */
function codeOf({ where, text }: ExecutedText): string {
  return /\.[cm]?[jt]sx?$/.test(where) ? text : withoutComments(text);
}

function hasContext(text: string): boolean {
  if (/\bPIPE_CONTEXT\b/.test(text)) return true;
  return /\bpipe_run\b/.test(text) && /\bcontext\s*\(|\bimport\b.*\bcontext\b/.test(text);
}

/** Hydra takes the name without its ending, in code and as an option. */
const CONFIG_NAME =
  /(?:\bconfig_name\s*=\s*|--config-name(?:=|\s+)|(?<=\s)-cn(?:=|\s+)|\bcompose\(\s*(?=["']))["']?([\w./-]+)/g;

function names(text: string, root: string, file: string): boolean {
  const name = path.posix.basename(file);
  // DVC's function for params reads this file by default.
  if (name === 'params.yaml' && /\bparams_show\b/.test(text)) return true;
  for (const [, config] of text.matchAll(CONFIG_NAME))
    if (['.yaml', '.yml'].some((ending) => isPath(`${config}${ending}`, file))) return true;
  if (!text.includes(name)) return false;
  const absolute = path.join(root, file);
  for (const [word] of text.matchAll(/[\w./@%+$-]+/g))
    if (word.endsWith(name) && (word === absolute || isPath(word, file))) return true;
  return false;
}

/**
 * The word may contain the last parts of the path only, because programs join paths: `conf/a.yaml` is
 * named by `a.yaml`, `../conf/a.yaml` and `$HOME/a.yaml`, and not by `old/conf/a.yaml` or `a.yaml.bak`.
 */
function isPath(word: string, file: string): boolean {
  const [last, ...above] = path.posix.normalize(word).split('/').reverse();
  const [name, ...folders] = file.split('/').reverse();
  // Another place is not known: it is the value of a variable, or filled in.
  const isKnown = (part: string) => !/^\.{0,2}$|^\$|^%[sd]$/.test(part);
  return last === name && above.filter(isKnown).every((part, depth) => part === folders[depth]);
}
