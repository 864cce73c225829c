/**
 * Finds the files that R and Julia code loads by path: `source("x.R")`, `include("x.jl")`. Also R
 * Markdown and Quarto. Pure.
 */
import { extensionOf } from './loaders.js';

interface Language {
  readonly extensions: readonly string[];
  /** The beginning of a call, up to the path. A match in a comment counts too, which is harmless. */
  readonly call: RegExp;
  /** Of these, calls with a computed path are reported. */
  readonly certain: RegExp;
  /** Functions that join literal parts of a path. */
  readonly joins: RegExp;
  /** Ways to load files that pipe does not follow. */
  readonly others: RegExp;
}

const R: Language = {
  extensions: ['.r', '.rmd', '.qmd', '.rnw'],
  call: /(?<![\w.$@])(?:sys\.source|source|render|quarto_render|knit|knit_child|read_chunk)\(\s*(?:(?:file|input|path|child)\s*=\s*)?|\bchild\s*=\s*(?=["'])/g,
  certain: /source\(/,
  joins: /(?:\w+::)?(?:here|file\.path|path|paste0)\(\s*/y,
  others:
    /[,(]\s*(?:[\w.]+\s*=\s*)?(?:base::)?source\s*[,)]|(?<![\w.])load_all\(|\bbox::use\(\s*\.{1,2}\//g,
};

const JULIA: Language = {
  extensions: ['.jl'],
  call: /(?<![\w.!])(?:Base\.)?includet?\(\s*/g,
  certain: /include/,
  joins: /joinpath\(\s*(?:@__DIR__\s*,\s*)?/y,
  others: /(?<![\w!])include\.\(|\bLOAD_PATH\b/g,
};

function languageOf(file: string): Language | undefined {
  const extension = extensionOf(file);
  return [R, JULIA].find(({ extensions }) => extensions.includes(extension));
}

export function loadsByPath(file: string): boolean {
  return languageOf(file) !== undefined;
}

interface Loaded {
  /** As written, with joined parts. */
  readonly paths: readonly string[];
  /** Places that load files by a path that is not written out. */
  readonly computed: readonly { readonly line: number; readonly column: number }[];
}

export function loadedFiles(file: string, text: string): Loaded {
  const language = languageOf(file);
  if (language === undefined) return { paths: [], computed: [] };
  const paths: string[] = [];
  const computed: number[] = [];
  for (const found of text.matchAll(language.call)) {
    const written = pathAt(text, found.index + found[0].length, language);
    if (written !== undefined) paths.push(written);
    else if (language.certain.test(found[0])) computed.push(found.index);
  }
  for (const found of text.matchAll(language.others)) computed.push(found.index);
  return {
    paths,
    computed: computed
      .sort((a, b) => a - b)
      .map((at) => placeIn(text, at))
      .flatMap((place) => place ?? []),
  };
}

const LITERAL = /(["'])([^"'\\\n]+)\1\s*/y;
const END = /[,)}\n]/y;

/** Undefined unless the path consists of literals. */
function pathAt(text: string, start: number, { joins }: Language): string | undefined {
  const joiner = match(joins, text, start);
  const parts: string[] = [];
  for (let at = start + (joiner?.length ?? 0); ; ) {
    const literal = match(LITERAL, text, at);
    if (literal === undefined) return undefined;
    parts.push(literal.trim().slice(1, -1));
    at += literal.length;
    const comma = match(/,\s*/y, text, at);
    if (joiner === undefined || comma === undefined)
      return match(END, text, at) === undefined && at < text.length
        ? undefined
        : parts.join(joiner?.includes('paste0') ? '' : '/');
    at += comma.length;
  }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Undefined in a comment. */
function placeIn(text: string, at: number): { line: number; column: number } | undefined {
  const before = text.slice(0, at).split('\n');
  const last = before.at(-1) as string;
  return /(?:^|\s)#/.test(last) ? undefined : { line: before.length, column: last.length + 1 };
}
