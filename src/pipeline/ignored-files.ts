/** Ignore rules below a user's folder: files that tools create, and `exclude:`. Does not read the disk. */

import { lastName } from '../sys/is-within.js';
import { fixedFolder, type Glob, matchGlob, parseGlob } from './glob.js';
import type { Dep } from './plan.js';

export interface IgnoreRules {
  /** Identifies the rules; '' for only the files of tools. */
  readonly id: string;
  /** True if the entry is ignored, with everything below it. */
  holdsBack(where: string, isFolder: () => boolean): boolean;
}

/**
 * Files that tools create when they read the folder, derived from its content: bytecode, caches that
 * git ignores, version control databases, notes of file managers, locks and backups of editors,
 * deleted files that are still open on NFS. Any other file may be an input.
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
  'Thumbs.db',
]);

const TOOLS_OWN_KIND = /\.pyc$|~$|^\.#|^\..*\.sw[a-p]$|^\.nfs[\da-f]{8,}$/;

export function isToolsOwn(name: string): boolean {
  return TOOLS_OWN.has(name) || TOOLS_OWN_KIND.test(name);
}

export const PLAIN: IgnoreRules = {
  id: '',
  holdsBack: (where) => isToolsOwn(lastName(where)),
};

const OPEN: IgnoreRules = { id: 'open', holdsBack: () => false };

const rulesById = new Map<string, IgnoreRules>([[PLAIN.id, PLAIN]]);

type Read = Pick<Dep, 'path' | 'glob' | 'exclude'>;

/** The ignore rules of a dep for the user's files. A pattern that spells a tool's name includes it. */
export function ignoreRulesOf(dep: Read): IgnoreRules {
  const spells = dep.glob && dep.path.split('/').some(isToolsOwn);
  if (dep.exclude === undefined && !spells) return PLAIN;
  return ignoreRulesById(JSON.stringify([baseOf(dep), dep.exclude ?? [], spells]));
}

/** Outs count under any name, unless excluded. */
export function ignoreRulesOfMade(dep: Read): IgnoreRules {
  if (dep.exclude === undefined) return OPEN;
  return ignoreRulesById(JSON.stringify([baseOf(dep), dep.exclude ?? [], true]));
}

/** The folder to which a dep's ignore rules are relative. */
function baseOf({ path, glob }: Read): string {
  return glob ? fixedFolder(path) : path;
}

/** Returns the same object for the same id. */
export function ignoreRulesById(id: string): IgnoreRules {
  const known = rulesById.get(id);
  if (known !== undefined) return known;
  const [base, exclude, spells] = JSON.parse(id) as [string, readonly string[], boolean];
  const rules = exclude.map(ruleOf);
  const ignoreRules: IgnoreRules = {
    id,
    holdsBack: (where, isFolder) => {
      if (!spells && PLAIN.holdsBack(where, isFolder)) return true;
      const inner = below(base, where);
      return inner !== undefined && rules.some((rule) => matches(rule, inner, isFolder));
    },
  };
  rulesById.set(id, ignoreRules);
  return ignoreRules;
}

/** True if the rules ignore the path, or a folder of the dep above it. */
export function isHeldBack(dep: Read, where: string, ignoreRules: IgnoreRules): boolean {
  const base = baseOf(dep);
  if (below(base, where) === undefined) return false;
  for (let end = where.length; end > base.length; end = where.lastIndexOf('/', end - 1)) {
    if (ignoreRules.holdsBack(where.slice(0, end), () => end < where.length)) return true;
  }
  return false;
}

function below(base: string, where: string): string | undefined {
  if (base === '') return where;
  return where.startsWith(`${base}/`) ? where.slice(base.length + 1) : undefined;
}

/** As in .gitignore: without a `/` before its end, a name at any depth; with a `/` at its end, a folder. */
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
  const path = rule.anyDepth ? lastName(inner) : inner;
  return matchGlob(rule.glob, path) && (!rule.foldersAlone || isFolder());
}
