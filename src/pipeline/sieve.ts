/**
 * What below a folder of the user's never counts: what tools write there by themselves, and what
 * `exclude:` names. Pure: knows nothing of the disk.
 */
import { fixedFolder, type Glob, matchGlob, parseGlob } from './glob.js';

export interface Sieve {
  /** All that the sieve is made of; '' for the one that holds back nothing but what tools write. */
  readonly id: string;
  /** True of an entry that does not count, nor anything below it. */
  holdsBack(where: string, isFolder: () => boolean): boolean;
}

/**
 * Written by a tool as it reads the folder, and made of what lies there anyway: bytecode, caches that
 * say of themselves that git shall ignore them, the databases of version control, the file manager's
 * notes. Everything else may be what a result was made of.
 */
const TOOLS_OWN: ReadonlySet<string> = new Set([
  '__pycache__',
  '.git',
  '.hg',
  '.svn',
  '.ipynb_checkpoints',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.DS_Store',
]);

export function isToolsOwn(name: string): boolean {
  return TOOLS_OWN.has(name) || name.endsWith('.pyc');
}

export const PLAIN: Sieve = {
  id: '',
  holdsBack: (where) => isToolsOwn(where.slice(where.lastIndexOf('/') + 1)),
};

const OPEN: Sieve = { id: 'open', holdsBack: () => false };

const sieves = new Map<string, Sieve>([[PLAIN.id, PLAIN]]);

interface Read {
  readonly path: string;
  readonly glob: boolean;
  readonly exclude?: readonly string[];
}

/** What of the user's a dep does not count. A pattern that spells one of those names means it. */
export function sieveOf(dep: Read): Sieve {
  const spells = dep.glob && dep.path.split('/').some(isToolsOwn);
  if (dep.exclude === undefined && !spells) return PLAIN;
  return sieveById(JSON.stringify([baseOf(dep), dep.exclude ?? [], spells]));
}

/** What an item makes counts under any name, unless it is excluded. */
export function sieveOfMade(dep: Read): Sieve {
  if (dep.exclude === undefined) return OPEN;
  return sieveById(JSON.stringify([baseOf(dep), dep.exclude ?? [], true]));
}

/** The folder below which a dep's sieve counts. */
export function baseOf({ path, glob }: Read): string {
  return glob ? fixedFolder(path) : path;
}

/** The same for the same id. */
export function sieveById(id: string): Sieve {
  const known = sieves.get(id);
  if (known !== undefined) return known;
  const [base, exclude, spells] = JSON.parse(id) as [string, readonly string[], boolean];
  const rules = exclude.map(ruleOf);
  const sieve: Sieve = {
    id,
    holdsBack: (where, isFolder) => {
      if (!spells && PLAIN.holdsBack(where, isFolder)) return true;
      const inner = below(base, where);
      return inner !== undefined && rules.some((rule) => matches(rule, inner, isFolder));
    },
  };
  sieves.set(id, sieve);
  return sieve;
}

/** True when the sieve holds back the path, or a folder of the dep that it lies in. */
export function isHeldBack(dep: Read, where: string, sieve: Sieve): boolean {
  const base = baseOf(dep);
  if (below(base, where) === undefined) return false;
  for (let end = where.length; end > base.length; end = where.lastIndexOf('/', end - 1)) {
    if (sieve.holdsBack(where.slice(0, end), () => end < where.length)) return true;
  }
  return false;
}

function below(base: string, where: string): string | undefined {
  if (base === '') return where;
  return where.startsWith(`${base}/`) ? where.slice(base.length + 1) : undefined;
}

/** As in .gitignore: without a `/` before its end it is a name at any depth; with one at its end, a folder. */
interface Rule {
  readonly glob: Glob;
  readonly anyDepth: boolean;
  readonly foldersAlone: boolean;
}

function ruleOf(pattern: string): Rule {
  const foldersAlone = pattern.endsWith('/');
  const path = foldersAlone ? pattern.slice(0, -1) : pattern;
  return { glob: parseGlob(path), anyDepth: !path.includes('/'), foldersAlone };
}

function matches(rule: Rule, inner: string, isFolder: () => boolean): boolean {
  const path = rule.anyDepth ? inner.slice(inner.lastIndexOf('/') + 1) : inner;
  return matchGlob(rule.glob, path) && (!rule.foldersAlone || isFolder());
}
