/** For any dvc.yaml, the translation loads and gives the commands, deps and outs that DVC gives. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { translateDvc } from '../../src/convert/dvc.js';
import { planOf } from '../pipeline/rig.js';

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value };
type Tree = { readonly [name: string]: Value };

/** A stage as written, and the `item` and `key` of each stage that DVC makes from it. */
interface Drawn {
  readonly cells: readonly Tree[];
  readonly head: Tree;
  /** Placeholders that distinguish the cells. */
  readonly identity: string;
  /** Further placeholders for commands. */
  readonly local: readonly string[];
  readonly wdir: string | undefined;
  readonly vars: Tree | undefined;
  /** Indices of words, drawn from those that the stage can use. */
  readonly words: readonly number[];
  readonly isList: boolean;
}

const word = fc.constantFrom('a', 'b', 'c-1', 'd_2', 'x.csv', 'in', '7', '0.5', 'true');
/** Several words, quotes, nothing: what pipe would quote and DVC does not. */
const odd = fc.constantFrom('a b', '--fast --lr 3', "it's", '', 'x,y', '*.csv', 'p;q', ' z');
const scalar = fc.oneof(word, fc.integer({ min: -5, max: 99 }), fc.boolean());
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd1', '8', 'n-2'), {
  minLength: 1,
  maxLength: 3,
});

const VARS = {
  lr: 0.1,
  deep: { size: 3, name: 'net', shuffle: true, off: false, layers: [8, 4] },
  odd: 'two words',
  list: ['p', 'q'],
  table: { us: { x: 1, y: 'u' }, uk: { x: 2, y: 'k k' } },
} as const;
const GLOBAL = [
  '${lr}',
  '${deep.size}',
  '${deep.name}',
  '${odd}',
  '${list[1]}',
  '${table.uk.y}',
  '${deep}',
];

type Shape = Pick<Drawn, 'cells' | 'head' | 'identity' | 'local'>;

const plain = fc.constant<Shape>({ cells: [{}], head: {}, identity: 'one', local: [] });

const overList = names.map(
  (items): Shape => ({
    cells: items.map((item) => ({ item })),
    head: { foreach: items },
    identity: '${item}',
    local: ['${item}'],
  }),
);

const overParam = fc.constant<Shape>({
  cells: VARS.list.map((item) => ({ item })),
  head: { foreach: '${list}' },
  identity: '${item}',
  local: [],
});

const overTable = fc.constant<Shape>({
  cells: Object.entries(VARS.table).map(([key, item]) => ({ key, item })),
  head: { foreach: '${table}' },
  identity: '${key}',
  local: ['${item.x}', '${item.y}', '${item}'],
});

const overMap = fc
  .tuple(names, fc.array(fc.oneof(scalar, odd), { minLength: 3, maxLength: 3 }))
  .map(
    ([keys, values]): Shape => ({
      cells: keys.map((key, index) => ({ key, item: values[index]! })),
      head: { foreach: Object.fromEntries(keys.map((key, index) => [key, values[index]!])) },
      identity: '${key}',
      local: ['${item}', '${key}'],
    }),
  );

const overMaps = fc
  .tuple(names, fc.array(fc.oneof(scalar, odd), { minLength: 3, maxLength: 3 }))
  .map(([keys, values]): Shape => {
    const items = keys.map((id, index) => ({ id, lr: { value: values[index]! } }));
    return {
      cells: items.map((item) => ({ item })),
      head: { foreach: items },
      identity: '${item.id}',
      local: ['${item.lr.value}', '${item.id}'],
    };
  });

const overMatrix = fc
  .record({ first: fc.option(names), second: names, isDeep: fc.boolean() })
  .map(({ first, second, isDeep }): Shape => {
    const values = isDeep ? second.map((id) => ({ id, n: `${id}!` })) : second;
    const cells = (first ?? VARS.list).flatMap((size) =>
      values.map((lr, index) => ({
        item: { size, lr },
        key: `${size}-${isDeep ? `lr${index}` : lr}`,
      })),
    );
    const local = isDeep ? ['${item.lr.n}'] : ['${item.lr}'];
    return {
      cells,
      head: { matrix: { size: first ?? '${list}', lr: values } },
      identity: '${key}',
      local: [...local, '${item.size}', '${key}'],
    };
  });

const drawn: fc.Arbitrary<Drawn> = fc
  .tuple(
    fc.oneof(plain, overList, overParam, overTable, overMap, overMaps, overMatrix),
    fc.record({
      wdir: fc.option(fc.constantFrom('sub', './sub/deep', 'sub/../other'), { nil: undefined }),
      vars: fc.option(fc.record({ own: fc.oneof(scalar, odd) }), {
        nil: undefined,
      }),
      words: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
      isList: fc.boolean(),
    }),
  )
  .map(([shape, rest]) => ({ ...shape, ...rest }));

/** `program "…" | cat`, with the placeholders that the numbers choose. */
function commandOf({ local, words, vars }: Drawn): string {
  const known = [
    ...local,
    ...GLOBAL,
    ...(vars === undefined ? [] : ['${own}', '${ own }']),
    '\\${HOME}',
  ];
  const chosen = words.map((index) => known[index % known.length]!);
  return `program ${chosen.join(' ')} "${chosen[0]}" --x=${chosen.at(-1)} | cat`;
}

function stageOf(drawn: Drawn, name: string): Value {
  const { head, identity, wdir, vars, isList } = drawn;
  const command = commandOf(drawn);
  const body = {
    cmd: isList ? [command, 'cd x && ls'] : command,
    deps: [`in/${identity}`, `in/${drawn.local[0] ?? 'two'}`, `./raw/[${name}]/*.csv`],
    outs: [{ [`out/${name}/${identity}`]: { cache: false } }],
    ...(wdir !== undefined && { wdir }),
    ...(vars !== undefined && { vars: [vars] }),
  };
  return 'foreach' in head ? { ...head, do: body } : { ...head, ...body };
}

/** The values that DVC inserts, reimplemented from its documentation. */
function filled(text: string, scopes: readonly Tree[]): string {
  return text
    .replace(/(?<!\\)\$\{\s*([^}]*?)\s*\}/g, (_, name: string) => {
      const path = name.replace('[1]', '.1').split('.');
      const scope = scopes.find((each) => Object.hasOwn(each, path[0]!));
      let value: unknown = scope;
      for (const step of path) value = (value as Record<string, unknown>)[step];
      return typeof value === 'object' ? flags(value as Tree) : String(value);
    })
    .replaceAll('\\${', '${');
}

function flags(map: Tree): string {
  return Object.entries(map)
    .map(([name, value]) => {
      if (value === true) return `--${name}`;
      if (value === false) return '';
      if (Array.isArray(value)) return `--${name} ${value.join(' ')}`;
      return `--${name} ${/\W/.test(String(value)) ? `'${value}'` : value}`;
    })
    .filter((text) => text !== '')
    .join(' ');
}

/** Two deps of an item may be one file. */
const distinct = (paths: readonly string[]) => [...new Set(paths)];

interface Expected {
  readonly command: string;
  readonly deps: readonly string[];
  readonly outs: readonly string[];
}

const FOLDERS: Readonly<Record<string, string>> = {
  sub: 'sub',
  './sub/deep': 'sub/deep',
  'sub/../other': 'other',
};

function expected(drawn: Drawn, name: string): Expected[] {
  const { cells, identity, local, wdir, vars, isList } = drawn;
  const folder = wdir === undefined ? '' : `${FOLDERS[wdir]}/`;
  return cells.map((cell) => {
    const scopes = [cell, vars ?? {}, VARS];
    const command = filled(commandOf(drawn), scopes).trim();
    const lines = isList ? `${command}\n(\ncd x && ls\n)` : command;
    const id = filled(identity, scopes);
    return {
      command: folder === '' ? lines : `cd ${folder.slice(0, -1)}\n${lines}`,
      deps: distinct(
        [`in/${id}`, `in/${filled(local[0] ?? 'two', scopes)}`, `raw/[${name}]/*.csv`].map((dep) =>
          `${folder}${dep}`.replace(/\/$/, ''),
        ),
      ),
      outs: [`${folder}out/${name}/${id}`],
    };
  });
}

it('gives the commands, deps and outs of DVC, for random stages', () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 4 }), (stages) => {
      const written = {
        vars: [VARS],
        stages: Object.fromEntries(
          stages.map((each, index) => [`s${index}`, stageOf(each, `s${index}`)]),
        ),
      };
      // JSON is YAML.
      const { text } = translateDvc('dvc.yaml', JSON.stringify(written), () => undefined);
      const items = planOf(text).items.map(({ action, deps, outs }) => ({
        command: action.kind === 'shell' ? action.command : action.kind,
        deps: distinct(deps.map(({ path }) => path)),
        outs: outs.map(({ path }) => path),
      }));
      const wanted = stages.flatMap((each, index) => expected(each, `s${index}`));
      const order = (all: readonly Expected[]) =>
        [...all].sort((a, b) => (a.outs[0]! < b.outs[0]! ? -1 : 1));
      expect(order(items)).toEqual(order(wanted));
    }),
    { numRuns: 60 },
  );
});
