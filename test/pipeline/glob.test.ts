/** Patterns, and the writers of what a path or pattern reads, compared with naive oracles. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAbsurd } from '../../src/pipeline/braces.js';
import {
  escapeGlob,
  isGlob,
  matchGlob,
  mayHold,
  parseGlob,
  unescapeGlob,
} from '../../src/pipeline/glob.js';
import {
  addOut,
  createOutTree,
  gather,
  type Owner,
  ownersOf,
} from '../../src/pipeline/out-tree.js';

const matches = (pattern: string, path: string) => matchGlob(parseGlob(pattern), path);

describe('a pattern', () => {
  it.each([
    ['data/*.txt', ['data/a.txt', 'data/ü b.txt'], ['data/a.csv', 'data/x/a.txt', 'data/.txt']],
    ['*/m.json', ['a/m.json'], ['m.json', 'a/b/m.json', '.a/m.json']],
    ['a?c', ['abc', 'a日c'], ['ac', 'abbc', 'a/c']],
    ['a[0-9].x', ['a1.x'], ['ab.x', 'a12.x']],
    ['a[!0-9].x', ['ab.x'], ['a1.x', 'a/.x']],
    ['a-b_[a-c&]-*.t', ['a-b_b-x.t', 'a-b_&-.t'], ['a-b_d-x.t']],
    ['a[z-b]', [], ['ac', 'az', 'a[z-b]']],
    ['a[^]]', ['ab'], ['a]']],
    ['a[', [], ['ab']],
    ['a[]]b', ['a]b'], ['ab']],
    ['{a,b{c,d}}/x', ['a/x', 'bc/x', 'bd/x'], ['b/x', 'ab/x', '{a,b}/x']],
    ['{{a,b}{c,d}', ['{ac', '{bd'], ['ac', '{{a,b}c']],
    ['{a,b/c}.t', ['a.t', 'b/c.t'], ['b.t', 'c.t']],
    ['data/**', ['data/a', 'data/a/b/c', 'data'], ['datas', 'x/data/a', 'data/.git/x']],
    ['**/m.json', ['m.json', 'a/m.json', 'a/b/m.json'], ['am.json', '.a/m.json', 'm.json/x']],
    ['a/**/b/*.c', ['a/b/x.c', 'a/x/b/x.c', 'a/b/b/x.c'], ['a/x.c', 'a/b/x/x.c']],
    ['.*', ['.a'], ['a']],
    ['a\\*b', ['a*b'], ['axb']],
    ['a\\\\*', ['a\\b'], ['a*']],
    ['a{b', ['a{b'], ['ab']],
    ['x(1)+$^.|', ['x(1)+$^.|'], ['x1']],
  ])('%s', (pattern, yes, no) => {
    expect(yes.filter((path) => !matches(pattern, path))).toEqual([]);
    expect(no.filter((path) => matches(pattern, path))).toEqual([]);
  });

  it('is distinguished from a path by its wild cards, except escaped ones', () => {
    const patterns = ['a*', '?', '[a]', '{a,b}', '\\\\*', '**'];
    const paths = ['a', 'a.b/c-d', 'a\\*', '\\[a\\]', 'a]', 'a}'];
    expect(patterns.filter(isGlob)).toEqual(patterns);
    expect(paths.filter(isGlob)).toEqual([]);
  });

  it('matches only itself if it is escaped (property)', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab*?[]{},\\!^-.'), minLength: 1 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const escaped = escapeGlob(a);
        expect(isGlob(escaped)).toBe(false);
        expect(unescapeGlob(escaped)).toBe(a);
        expect(matches(escaped, a)).toBe(true);
        expect(matches(escaped, b)).toBe(a === b);
      }),
    );
  });

  it('may contain a match in every folder above one (property)', () => {
    const part = fc.constantFrom('a', 'b', '*', 'a*', '**', '{a,b}', '?');
    const name = fc.constantFrom('a', 'b', 'ab');
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 5 }),
        fc.array(name, { minLength: 1, maxLength: 5 }),
        (parts, names) => {
          const glob = parseGlob(parts.join('/'));
          if (!matchGlob(glob, names.join('/'))) return;
          for (let length = 0; length < names.length; length++) {
            expect(mayHold(glob, names.slice(0, length).join('/'))).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('contains nothing if it cannot match deeper', () => {
    const glob = parseGlob('data/*/x.txt');
    expect(['', 'data', 'data/a'].map((folder) => mayHold(glob, folder))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['src', 'data/a/b', 'data/a/x.txt'].map((folder) => mayHold(glob, folder))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('of any characters can be read, and matches its own text when escaped (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        expect(() => matches(text, 'a/b')).not.toThrow();
        if (!text.includes('/')) expect(matches(escapeGlob(text), text)).toBe(true);
      }),
      { numRuns: 500 },
    );
    const hard = fc.string({ unit: fc.constantFrom(...'[]!^-\\{},*?az&~'), minLength: 1 });
    fc.assert(
      fc.property(hard, (text) => {
        expect(() => matches(text, 'a')).not.toThrow();
      }),
      { numRuns: 1500 },
    );
  });

  it('with very many choices stays bounded', () => {
    const glob = parseGlob('{a,b}'.repeat(40));
    expect(glob.alternatives.length).toBeLessThanOrEqual(1000);
  });

  it('with very many choices matches each of them', () => {
    const glob = parseGlob(`{a,b}${'{0,1,2,3,4,5,6,7,8,9}'.repeat(4)}/x`);
    for (const name of ['a0000', 'a9999', 'b1999', 'b9999'])
      expect(matchGlob(glob, `${name}/x`)).toBe(true);
    for (const name of ['c0000', 'a999', 'b99999'])
      expect(matchGlob(glob, `${name}/x`)).toBe(false);
  });

  it('is refused if the choices of whole paths, or the nesting, exceed the limit', () => {
    expect(isAbsurd('{a/b,c}'.repeat(40))).toBe(true);
    expect(isAbsurd(`${'{a,'.repeat(5000)}b${'}'.repeat(5000)}`)).toBe(true);
    expect(isAbsurd('{a,b}'.repeat(40))).toBe(false);
    expect(isAbsurd('{a/b,c}/{d/e,f}')).toBe(false);
  });

  it('means the same as its expanded braces (property)', () => {
    const unit = fc.constantFrom(...'ab.*?[]{},/\\', '**', '{a,b}', '{,*}', '[ab]');
    const text = fc.array(unit, { minLength: 1, maxLength: 9 }).map((parts) => parts.join(''));
    const path = fc
      .array(fc.string({ unit: fc.constantFrom(...'ab.['), minLength: 1, maxLength: 3 }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => parts.join('/'));
    fc.assert(
      fc.property(text, path, (pattern, each) => {
        const one = parseGlob(pattern);
        const many = multipliedOut(pattern).map(parseGlob);
        expect(matchGlob(one, each)).toBe(many.some((glob) => matchGlob(glob, each)));
        expect(mayHold(one, each)).toBe(many.some((glob) => mayHold(glob, each)));
      }),
      {
        numRuns: 3000,
        examples: [
          ['a/{,}', 'a'],
          ['a/{,b}/{,*}', 'a'],
          ['{,a}{,{b,}}/b', 'b'],
        ],
      },
    );
  });

  it.each([
    ['*a'.repeat(60), 'a'.repeat(250)],
    [`${'{a,a}'.repeat(60)}b`, 'a'.repeat(60)],
    [Array.from({ length: 40 }, () => '**').join('/'), Array(200).fill('a').join('/')],
    [`${Array.from({ length: 40 }, () => '**/*a*').join('/')}/b`, Array(200).fill('a').join('/')],
  ])('%s takes no time to match', (pattern, path) => {
    const duration = () => {
      const started = performance.now();
      matches(pattern, path);
      mayHold(parseGlob(pattern), path);
      return performance.now() - started;
    };
    // The least of three: a loaded machine may delay one.
    expect(Math.min(duration(), duration(), duration())).toBeLessThan(2000);
  });
});

/** Every choice of the braces, from left to right, as a shell expands them before matching. */
function multipliedOut(pattern: string): string[] {
  const stack: { at: number; commas: number[] }[] = [];
  let found: { at: number; commas: number[]; end: number } | undefined;
  for (let at = 0; at < pattern.length && !(found && stack.length === 0); at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '{') stack.push({ at, commas: [] });
    else if (character === ',') stack.at(-1)?.commas.push(at);
    else if (character === '}') {
      const last = stack.pop();
      if (last && last.commas.length > 0 && !(found && found.at < last.at))
        found = { ...last, end: at };
    }
  }
  if (!found) return [pattern];
  const { at, commas, end } = found;
  const bounds = [at, ...commas, end];
  const rest = multipliedOut(pattern.slice(end + 1));
  return bounds
    .slice(1)
    .flatMap((to, i) => multipliedOut(pattern.slice(bounds[i]! + 1, to)))
    .flatMap((middle) => rest.map((tail) => pattern.slice(0, at) + middle + tail));
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** Trees of outs that do not overlap, as items declare them. */
const names = fc.constantFrom('a', 'b', 'ab', 'm.json', '.h');
const paths = fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const outs = fc.array(paths, { maxLength: 12 }).map((list) => {
  const kept: string[] = [];
  for (const path of list) {
    if (!kept.some((each) => within(each, path) || within(path, each))) kept.push(path);
  }
  return kept;
});

function plant(list: readonly string[]) {
  const tree = createOutTree();
  const owners = list.map((path, item): Owner => ({ path, item, out: 0 }));
  for (const owner of owners) expect(addOut(tree, owner)).toBeUndefined();
  return tree;
}

const sorted = (owners: readonly Owner[]) => owners.map(({ path }) => path).sort();

describe('the tree of outs', () => {
  it('refuses exactly the outs that equal, contain or are inside another out (property)', () => {
    fc.assert(
      fc.property(outs, paths, (list, path) => {
        const overlap = list.filter((each) => within(each, path) || within(path, each));
        const found = addOut(plant(list), { path, item: -1, out: 0 });
        if (overlap.length === 0) expect(found).toBeUndefined();
        else expect(overlap).toContain(found?.path);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the writers of a path, of a path above it or inside it (property)', () => {
    fc.assert(
      fc.property(outs, paths, (list, path) => {
        const expected = list.filter((each) => within(each, path) || within(path, each));
        expect(sorted(ownersOf(plant(list), path))).toEqual(expected.sort());
      }),
      { numRuns: 500 },
    );
  });

  it('gathers matches, outs inside a match, and outs that may contain one (property)', () => {
    const part = fc.constantFrom('a', 'b', '*', 'a*', '**', '{a,m.json}', '?', '*b', 'm.json');
    const patterns = fc.array(part, { minLength: 1, maxLength: 4 }).map((each) => each.join('/'));
    fc.assert(
      fc.property(outs, patterns, (list, pattern) => {
        const glob = parseGlob(pattern);
        const { owners, holders, paths: gathered } = gather(plant(list), glob);
        // Every folder on the way to an out, and the out itself.
        const prefixes = new Set(
          list.flatMap((path) =>
            path.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/')),
          ),
        );
        const matched = [...prefixes].filter(
          (path) => matchGlob(glob, path) && (!glob.deep || list.includes(path)),
        );
        expect(gathered).toEqual(matched.sort());
        const made = list.filter((path) => matched.some((each) => within(path, each)));
        const held = sorted(holders);
        expect(sorted(owners)).toEqual([...made, ...held].sort());
        for (const path of held) {
          expect(mayHold(glob, path)).toBe(true);
          expect(made).not.toContain(path);
        }
        // No out is missing that looks like a folder and could contain a match.
        for (const path of list) {
          if (made.includes(path) || path.endsWith('.json')) continue;
          if (mayHold(glob, path)) expect(held).toContain(path);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gathers the same in folders of any size, with and without an index (property)', () => {
    const list = Array.from({ length: 300 }, (_, i) =>
      i % 3 === 0 ? `out/x${i}` : i % 3 === 1 ? `out/y${i}/m.json` : `out/z${i}/n${i % 7}.json`,
    );
    const tree = plant(list);
    const patterns = [
      'out/*/m.json',
      'out/x*',
      'out/y1*/m.json',
      'out/*/n3.json',
      'out/*',
      'out/?1',
    ];
    for (const pattern of patterns) {
      const glob = parseGlob(pattern);
      const expected = list
        .map((path) => (path.split('/').length > pattern.split('/').length ? '' : path))
        .filter((path) => path !== '' && matchGlob(glob, path));
      const { paths: gathered } = gather(tree, glob);
      expect(gathered.filter((path) => list.includes(path))).toEqual(expected.sort());
    }
  });
});
