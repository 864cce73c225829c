/** The parts of tsconfig.json that affect resolution: `extends`, `paths` and `baseUrl`. */
import path from 'node:path';
import { ifJson, isTree } from '../json.js';
import { bytesIfThere } from '../sys/if-there.js';
import { packageName } from './package.js';

/** A file that it extends. */
type Extended =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'package'; readonly name: string };

export interface PathAliases {
  /** Absolute folder to which targets are relative. */
  readonly base: string;
  /** True if every bare import is also tried in `base`. */
  readonly everything: boolean;
  /** Targets by pattern; a pattern has at most one `*`. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

export function extendedBy(file: string): Extended[] {
  const value = readConfig(file)?.extends;
  const names = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
  return names.flatMap((name): Extended[] => {
    if (!/^\.{0,2}\//.test(name)) return [{ kind: 'package', name: packageName(name) }];
    const target = path.resolve(path.dirname(file), name);
    const files = target.endsWith('.json') ? [target] : [`${target}.json`, target];
    return files.map((each) => ({ kind: 'file', file: each }));
  });
}

export function pathAliases(file: string): PathAliases | undefined {
  const options = readConfig(file)?.compilerOptions;
  if (!isTree(options)) return undefined;
  const { baseUrl, paths } = options;
  if (typeof baseUrl !== 'string' && !isTree(paths)) return undefined;
  return {
    base: path.resolve(path.dirname(file), typeof baseUrl === 'string' ? baseUrl : '.'),
    everything: typeof baseUrl === 'string',
    paths: isTree(paths) ? (paths as PathAliases['paths']) : {},
  };
}

/** Absolute paths that a bare import may mean by the aliases. */
export function aliasTargets(specifier: string, aliases: readonly PathAliases[]): string[] {
  return aliases.flatMap(({ base, everything, paths }) => {
    const targets = everything ? [specifier] : [];
    for (const [pattern, values] of Object.entries(paths)) {
      const middle = matched(specifier, pattern);
      if (middle === undefined || !Array.isArray(values)) continue;
      targets.push(...values.map((value) => String(value).replace('*', () => middle)));
    }
    return targets.map((target) => path.resolve(base, target));
  });
}

/** The text that the `*` of the pattern matches; undefined without a match. */
function matched(specifier: string, pattern: string): string | undefined {
  const star = pattern.indexOf('*');
  if (star < 0) return specifier === pattern ? '' : undefined;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const long = specifier.length >= before.length + after.length;
  return long && specifier.startsWith(before) && specifier.endsWith(after)
    ? specifier.slice(before.length, specifier.length - after.length)
    : undefined;
}

type Tree = Readonly<Record<string, unknown>>;

function readConfig(file: string): Tree | undefined {
  const value = ifJson(withoutComments(bytesIfThere(file)?.toString() ?? ''));
  // esbuild reported a broken file, or treated it as empty.
  return isTree(value) ? value : undefined;
}

/** Removes comments and trailing commas, which tsconfig.json may contain. */
function withoutComments(text: string): string {
  const keep = (found: string) => (found.startsWith('"') ? found : ' ');
  return text
    .replace(/^\uFEFF/, '')
    .replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\//g, keep)
    .replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, keep);
}
