/** TypeScript types of what stages receive: params, matrix, deps and outs. */
import { paramsTree } from '../decide/fingerprint.js';
import { addTo } from '../lists.js';
import type { Item, Plan } from '../pipeline/plan.js';
import type { Json } from '../stage/context.js';

/**
 * A module with one interface for each stage, in the order of the first plan. A type covers all items
 * of its stage in all plans: a name that only some of them have is optional.
 */
export function stageTypes(plans: readonly Plan[], isWanted: (stage: string) => boolean): string {
  const stages = new Map<string, Item[]>();
  for (const { items, params } of plans)
    for (const item of items.filter(({ stage }) => isWanted(stage)))
      addTo(stages, item.stage, { ...item, params: paramsTree(item.params, params) });
  const names = new Set<string>();
  const parts = [...stages].map(([stage, items]) =>
    interfaceOf(stage, freeName(stage, names), items),
  );
  return [
    '// Made by `pipe stage types` from pipeline.yaml: run it again instead of editing.\n',
    ...parts,
  ].join('\n');
}

function interfaceOf(stage: string, name: string, items: readonly Item[]): string {
  const texts = (pick: (item: Item) => readonly (readonly [string, boolean])[]): Shape =>
    union(
      items.map((item) => mapOf(pick(item).map(([key, isList]) => [key, isList ? TEXTS : TEXT]))),
    );
  const members: readonly (readonly [string, Shape])[] = [
    ['params', union(items.map((item) => shapeOf(item.params)))],
    ['matrix', union(items.map((item) => shapeOf(item.matrix)))],
    ['deps', texts((item) => item.deps.map((dep) => [dep.name, dep.glob]))],
    ['outs', texts((item) => item.outs.map((out) => [out.name, false]))],
  ];
  const about = items.find(({ desc }) => desc !== undefined)?.desc ?? '';
  // A line feed or `*/` in the text would end this comment.
  const comment = `/** \`${stage}\`${about && `: ${about.replace(/\s+/g, ' ').replaceAll('*/', '* /')}`} */`;
  const lines = members.map(([key, shape]) => `  readonly ${key}: ${textOf(shape, '  ')};\n`);
  return `${comment}\nexport interface ${name} {\n${lines.join('')}}\n`;
}

/** `pre-process` → `PreProcess`, with a number after a name that another stage already uses. */
function freeName(stage: string, taken: Set<string>): string {
  const words = stage.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  const base = /^[A-Z]/.test(joined) ? joined : `Stage${joined}`;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}${number}`;
  taken.add(name);
  return name;
}

/** All types that a value may have. */
interface Shape {
  /** `string`, `number`, `boolean`, `null`. */
  readonly plain: ReadonlySet<string>;
  readonly list?: Shape | undefined;
  readonly map?: ReadonlyMap<string, Field> | undefined;
}

interface Field {
  readonly shape: Shape;
  readonly optional: boolean;
}

const NOTHING: Shape = { plain: new Set() };
const TEXT: Shape = { plain: new Set(['string']) };
const TEXTS: Shape = { plain: new Set(), list: TEXT };

function shapeOf(value: Json): Shape {
  if (value === null) return { plain: new Set(['null']) };
  if (typeof value !== 'object') return { plain: new Set([typeof value]) };
  if (Array.isArray(value)) return { plain: new Set(), list: union(value.map(shapeOf)) };
  return mapOf(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]));
}

function mapOf(entries: readonly (readonly [string, Shape])[]): Shape {
  const fields = entries.map(([key, shape]) => [key, { shape, optional: false }] as const);
  return { plain: new Set(), map: new Map(fields) };
}

function union(shapes: readonly Shape[]): Shape {
  return shapes.length === 0 ? NOTHING : shapes.reduce(either);
}

function either(a: Shape, b: Shape): Shape {
  return {
    plain: new Set([...a.plain, ...b.plain]),
    list: a.list && b.list ? either(a.list, b.list) : (a.list ?? b.list),
    map: a.map && b.map ? eitherMap(a.map, b.map) : (a.map ?? b.map),
  };
}

function eitherMap(a: ReadonlyMap<string, Field>, b: ReadonlyMap<string, Field>) {
  const fields = new Map<string, Field>();
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(key), b.get(key)];
    const shape = union([one, other].flatMap((field) => field?.shape ?? []));
    const optional = !one || !other || one.optional || other.optional;
    fields.set(key, { shape, optional });
  }
  return fields;
}

function textOf({ plain, list, map }: Shape, indent: string): string {
  const kinds = [...plain].sort();
  if (list !== undefined) {
    const inner = textOf(list, indent);
    kinds.push(`readonly ${/ \| |^readonly /.test(inner) ? `(${inner})` : inner}[]`);
  }
  if (map !== undefined) kinds.push(mapText(map, indent));
  // The element type of an empty list.
  return kinds.length === 0 ? 'unknown' : kinds.join(' | ');
}

function mapText(map: ReadonlyMap<string, Field>, indent: string): string {
  // A profile may add params to an empty map.
  if (map.size === 0) return '{ readonly [name: string]: unknown }';
  const deeper = `${indent}  `;
  const lines = [...map].map(([key, { shape, optional }]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
    return `${deeper}readonly ${name}${optional ? '?' : ''}: ${textOf(shape, deeper)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}
