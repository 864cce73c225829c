/** YAML text → located values. The only importer of the `yaml` package. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseDocument,
  type Scalar,
} from 'yaml';
import type { Json } from '../../stage/context.js';
import { type AstNode, type Entry, textOf } from './ast.js';
import type { Diagnostics, Mistake } from './diagnostics.js';
import { mapOf, mergeSources, withMerged } from './merge.js';
import { isNestedTooDeep } from './nesting.js';
import { scalarMistake } from './scalar.js';
import { createSource, lineOf, type Span } from './source-text.js';
import { nearest } from './suggest.js';
import { conflictMistake, syntaxMistakes } from './syntax.js';

const MAX_DEPTH = 64;

/** Limit of expanded aliases: far above honest use, far below a YAML bomb. */
const MAX_ALIASED = 500_000;

/** YAML 1.2 core schema, regardless of the file's directives: `yes` is a text, and tags add nothing. */
const OPTIONS = {
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  // Pipe reports duplicates with the place of the first key; the package's check is quadratic.
  uniqueKeys: false,
  prettyErrors: false,
  // `silent` would hide a second document.
  logLevel: 'error',
} as const;

/** Undefined if nothing is usable after the errors. */
export function parseYaml(diagnostics: Diagnostics): AstNode | undefined {
  const conflict = conflictMistake(diagnostics.source.text);
  if (conflict) {
    diagnostics.add(conflict.mistake, conflict.span);
    return undefined;
  }
  const parsed = parse(diagnostics.source.text);
  if ('mistake' in parsed) {
    diagnostics.add(parsed.mistake, { start: 0, end: 1 });
    return undefined;
  }
  const { errors, warnings, contents } = parsed.document;
  const { text } = diagnostics.source;
  for (const { mistake, span } of syntaxMistakes([...errors, ...warnings], text, tokensOf))
    diagnostics.add(mistake, span);
  if (errors.length > 0 || warnings.length > 0) return undefined;
  const before = diagnostics.count;
  const root = locate(contents as Node | null, diagnostics);
  return diagnostics.count > before ? undefined : root;
}

/** The value of `--set path=text`, or its error. */
export function parseValue(text: string): AstNode | { readonly error: string } {
  const parsed = parse(text);
  if ('mistake' in parsed) return { error: parsed.mistake.message };
  const { errors, warnings, contents } = parsed.document;
  const [first] = syntaxMistakes([...errors, ...warnings], text, tokensOf);
  if (first) return { error: first.mistake.message };
  const comment = [...tokensOf(text)].find((token) => token.startsWith('#'));
  if (comment !== undefined)
    return { error: `YAML reads ${comment} as a comment; put quotes around the value` };
  let error: string | undefined;
  const diagnostics: Diagnostics = {
    source: createSource('--set', text),
    count: 0,
    add: ({ message }) => {
      error ??= message;
    },
    within: () => diagnostics,
    check: () => {},
  };
  const located = locate(contents as Node | null, diagnostics);
  return error === undefined ? located : { error };
}

type Parsed = { readonly mistake: Mistake } | { readonly document: ReturnType<typeof document> };

const tokensOf = (text: string) => new Lexer().lex(text);

const document = (text: string) => parseDocument(text, OPTIONS);

function parse(text: string): Parsed {
  if (isNestedTooDeep(text, tokensOf)) return { mistake: TOO_DEEP };
  const parsed = document(text);
  const exhausted = parsed.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION');
  return exhausted ? { mistake: TOO_DEEP } : { document: parsed };
}

const TOO_DEEP: Mistake = {
  code: 'too-deep',
  message: `values are nested more than ${MAX_DEPTH} deep`,
  hint: 'use fewer levels of lists and maps',
};

interface Walk {
  readonly diagnostics: Diagnostics;
  /** By name; `open` while its own value is being read. */
  readonly anchors: Map<string, AstNode | 'open'>;
  aliased: number;
}

const NOTHING: AstNode = { span: { start: 0, end: 0 }, value: null, size: 1 };

function locate(contents: Node | null, diagnostics: Diagnostics): AstNode {
  if (contents === null) return NOTHING;
  return convert(contents, 1, { diagnostics, anchors: new Map(), aliased: 0 });
}

function convert(node: Node, depth: number, walk: Walk): AstNode {
  const span = spanOf(node);
  if (depth > MAX_DEPTH) {
    walk.diagnostics.add(TOO_DEEP, span);
    return { ...NOTHING, span };
  }
  if (isAlias(node)) return follow(node.source, span, walk);
  const anchor = 'anchor' in node ? (node.anchor as string | undefined) : undefined;
  if (anchor !== undefined) walk.anchors.set(anchor, 'open');
  const located = convertPlain(node, span, depth, walk);
  if (anchor !== undefined) walk.anchors.set(anchor, located);
  return located;
}

function convertPlain(node: Node, span: Span, depth: number, walk: Walk): AstNode {
  if (isScalar(node)) return scalar(node.value, node.source, span, walk.diagnostics);
  if (isSeq(node)) return list(node.items as Node[], span, depth, walk);
  if (isMap(node)) return map(node.items as PairNode[], span, depth, walk);
  throw new TypeError(`unknown kind of YAML node at ${span.start}`);
}

interface PairNode {
  readonly key: Node | null;
  readonly value: Node | null;
}

function follow(name: string, span: Span, walk: Walk): AstNode {
  const target = walk.anchors.get(name);
  if (target === undefined || target === 'open') {
    const near = nearest(name, walk.anchors.keys());
    const message =
      target === 'open'
        ? `the alias *${name} refers to the anchor that it is part of`
        : `YAML reads *${name} as an alias, and there is no anchor &${name}`;
    const other = near ? `did you mean *${near}?` : 'put text that begins with "*" in quotes';
    const hint = target === 'open' ? 'name an anchor that ends before the alias' : other;
    walk.diagnostics.add({ code: 'bad-alias', message, hint }, span);
    return { ...NOTHING, span };
  }
  return count(target, span, walk) ? target : { ...NOTHING, span };
}

function count(target: AstNode, span: Span, walk: Walk): boolean {
  const within = walk.aliased <= MAX_ALIASED;
  walk.aliased += target.size;
  if (walk.aliased <= MAX_ALIASED) return true;
  const message = `up to here, the aliases expand to more than ${MAX_ALIASED} values`;
  const hint = 'use fewer aliases within the values of other anchors';
  if (within) walk.diagnostics.add({ code: 'alias-bomb', message, hint }, span);
  return false;
}

function scalar(
  value: unknown,
  source: string | undefined,
  span: Span,
  diagnostics: Diagnostics,
): AstNode {
  const mistake = scalarMistake(value, source);
  if (mistake) {
    diagnostics.add(mistake, span);
    return { ...NOTHING, span };
  }
  return {
    span,
    value: Object.is(value, -0) ? 0 : (value as Json),
    ...writtenText(value, source),
    size: 1,
  };
}

function writtenText(value: unknown, source: string | undefined): { text?: string } {
  const kind = typeof value;
  if (source === undefined || (kind !== 'number' && kind !== 'boolean')) return {};
  return source === String(value) ? {} : { text: source };
}

function list(nodes: readonly Node[], span: Span, depth: number, walk: Walk): AstNode {
  const items = nodes.map((node) => convert(node, depth + 1, walk));
  const value = items.map((item) => item.value);
  return { span, value, items, size: items.reduce((size, item) => size + item.size, 1) };
}

function map(pairs: readonly PairNode[], span: Span, depth: number, walk: Walk): AstNode {
  const own = new Map<string, Entry>();
  const merged: AstNode[] = [];
  let mergeKey: Span | undefined;
  for (const { key, value } of pairs) {
    const at = key ? spanOf(key) : span;
    const node = value ? convert(value, depth + 1, walk) : { ...NOTHING, span: endOf(at) };
    if (isMergeKey(key)) {
      if (mergeKey) duplicate('<<', mergeKey, at, walk.diagnostics);
      mergeKey ??= at;
      merged.push(...mergeSources(node, at, walk.diagnostics));
      continue;
    }
    const name = keyName(key, at, walk);
    if (name === undefined) continue;
    const known = own.get(name);
    if (known) duplicate(name, known.key, at, walk.diagnostics);
    else own.set(name, { key: at, node });
  }
  return mapOf(withMerged(own, merged), span);
}

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

function keyName(key: Node | null, at: Span, walk: Walk): string | undefined {
  const node = isAlias(key) ? follow(key.source, at, walk) : isScalar(key) ? keyOf(key) : undefined;
  const plain = ['string', 'number', 'boolean'].includes(typeof node?.value);
  const name = node && plain ? textOf(node) : undefined;
  if (name === undefined || name === '' || name === '__proto__' || name.includes('\0')) {
    const message = name === undefined ? 'a key must be a text' : `a key cannot be "${name}"`;
    const hint = name === undefined ? 'write a name' : 'choose a different name';
    walk.diagnostics.add({ code: 'bad-key', message, hint }, at);
    return undefined;
  }
  if (isScalar(key) && key.anchor !== undefined) {
    walk.anchors.set(key.anchor, { span: at, ...keyOf(key), size: 1 });
  }
  return name;
}

/** `007` stays text; `0x10` and `0o20` count by their value. */
function keyOf({ value, source }: Scalar): Pick<AstNode, 'value' | 'text'> {
  const text = /^0[xo]/.test(source ?? '') ? {} : writtenText(value, source);
  return { value: value as Json, ...text };
}

function duplicate(name: string, first: Span, again: Span, diagnostics: Diagnostics): void {
  const line = lineOf(diagnostics.source, first.start);
  const message = `the key "${name}" is already used in line ${line}`;
  diagnostics.add({ code: 'duplicate-key', message, hint: 'remove one of them' }, again);
}

function spanOf(node: Node): Span {
  const range = node.range ?? [0, 0, 0];
  return { start: range[0], end: range[1] };
}

function endOf({ end }: Span): Span {
  return { start: end, end };
}
