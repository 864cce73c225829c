/** A text of dvc.yaml → the equivalent text of pipeline.yaml. */
import type { AstNode } from '../pipeline/document/ast.js';
import { escapeGlob } from '../pipeline/glob.js';
import { isHarmless, quotePlain } from '../pipeline/items/shell-quote.js';
import { isScalar, type Piece, piecesOf } from './dvc-placeholder.js';
import { lookUp, type Params, scalarText } from './dvc-values.js';
import { Untranslatable } from './translation-note.js';

export interface Scope {
  /** Scopes for lookups, inner ones first. */
  readonly values: readonly AstNode[];
  /** Path of a value that differs between items → its text in pipeline.yaml. */
  readonly axes: ReadonlyMap<string, string>;
  readonly params: Params;
}

/** A dep is a pattern; a shell reads a command. */
export type Spot = 'cmd' | 'dep' | 'out' | 'text';

/** A matrix cannot express the stage: each of DVC's stages becomes a stage. */
export class NotAMatrix extends Error {}

export function render(text: string, spot: Spot, scope: Scope): string {
  // pipe inserts nothing into a here-document, where quoting is never safe.
  const isFixed = spot === 'cmd' && /<<-?\s*['"\\\w]/.test(text);
  let made = '';
  for (const piece of piecesOf(text)) {
    const put = typeof piece === 'string' ? literal(piece, spot) : value(piece, spot, scope);
    if (typeof put === 'string') made += put;
    // pipe reads `$${` as a literal `${`.
    else if (!isFixed && !made.endsWith('$')) made += put.live;
    else if (put.fixed !== undefined) made += put.fixed;
    else throw new NotAMatrix();
  }
  return made;
}

/** `live` follows the params or the item; `fixed` is the value itself. */
type Put = string | { readonly live: string; readonly fixed?: string };

function value({ path, written }: Exclude<Piece, string>, spot: Spot, scope: Scope): Put {
  const axis = scope.axes.get(path.join('.'));
  if (axis !== undefined) return { live: axis };
  const found = lookUp(scope.values, path);
  if (!found) throw new Untranslatable(`${written} is not defined in params.yaml or vars`);
  if (found.entries && spot === 'cmd') return flags(found, path, '', scope).join(' ');
  return scalar(found, path, spot, scope, written);
}

function scalar(
  found: AstNode,
  path: readonly string[],
  spot: Spot,
  { params }: Scope,
  written: string,
): Put {
  const text = scalarText(found);
  if (text === undefined)
    throw new Untranslatable(`${written} is a ${found.items ? 'list' : 'map'}`);
  const fixed = literal(text, spot);
  const isLive = isScalar(found) && params.holds(path, found) && isPlain(text, spot);
  return isLive ? { live: `\${${path.join('.')}}`, fixed } : fixed;
}

/** DVC expands a map in a command to options: `--lr 0.1 --layers 8 4 --shuffle`. */
function flags(
  node: AstNode,
  path: readonly string[],
  prefix: string,
  scope: Scope,
): readonly string[] {
  return [...(node.entries ?? [])].flatMap(([key, { node: part }]) => {
    const [name, at] = [`${prefix}${key}`, [...path, key]];
    if (part.entries) return flags(part, at, `${name}.`, scope);
    if (typeof part.value === 'boolean') return part.value ? [`--${name}`] : [];
    const words = part.items
      ? part.items.map((item) => word(item, [], scope))
      : [word(part, at, scope)];
    return [`--${name}`, ...words];
  });
}

function word(node: AstNode, path: readonly string[], scope: Scope): string {
  const put = scalar(node, path, 'cmd', scope, `\${${path.join('.')}}`);
  if (typeof put !== 'string') return put.live;
  return typeof node.value === 'string' ? literal(quotePlain(node.value), 'cmd') : put;
}

/** True if pipe, which quotes inserted values, produces the same text as DVC. */
export function isPlain(text: string, spot: Spot): boolean {
  if (spot === 'cmd') return text !== '' && quotePlain(text) === text && isHarmless(text);
  return spot !== 'dep' || escapeGlob(text) === text;
}

function literal(text: string, spot: Spot): string {
  return (spot === 'dep' ? escapeGlob(text) : text).replaceAll('${', () => '$${');
}
