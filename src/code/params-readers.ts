/** Which params files a command reads itself, by the texts that it executes. */

export interface ExecutedText {
  /** The script, or `COMMAND`. */
  readonly where: string;
  readonly text: string;
}

/** Params files that the texts name, with who names them. Empty if one of them takes its params from pipe. */
export function paramsReaders(
  files: readonly string[],
  texts: readonly ExecutedText[],
): ReadonlyMap<string, string> {
  if (texts.some(takesParams)) return new Map();
  return new Map(
    files.flatMap((file): [string, string][] => {
      const reader = texts.find(({ text }) => names(text, file));
      return reader ? [[file, reader.where]] : [];
    }),
  );
}

/** True if the command or script takes its params from pipe. */
export function takesParams({ text }: ExecutedText): boolean {
  return /\bPIPE_CONTEXT\b/.test(text) || (/\bpipe_run\b/.test(text) && /\bcontext\b/.test(text));
}

/**
 * The text may contain the last parts of the path only, because programs join paths: `conf/a.yaml`
 * is named by `a.yaml` and `../conf/a.yaml`, and not by `old/conf/a.yaml` or `a.yaml.bak`.
 */
function names(text: string, file: string): boolean {
  const [name = file, ...folders] = file.split('/').reverse();
  // DVC's function for params reads this file by default.
  if (name === 'params.yaml' && /\bparams_show\b/.test(text)) return true;
  // Hydra takes the name without its ending.
  const [, config] = /\bconfig_name\s*=\s*["']([^"']+)["']/.exec(text) ?? [];
  if (name === `${config}.yaml` || name === `${config}.yml`) return true;
  for (const [token] of text.matchAll(/[\w./@%+-]+/g)) {
    if (!token.endsWith(name)) continue;
    const [last, ...above] = token.split('/').reverse();
    if (last !== name) continue;
    const own = above.filter((part) => part !== '' && part !== '.' && part !== '..');
    if (own.every((part, depth) => part === folders[depth])) return true;
  }
  return false;
}
