/** Aliases by links: the place that a path leads to, and the names that lead to a place. */
import { withFoldersAbove } from '../sys/is-within.js';
import { addOut, createOutTree, nameOf, type OutTree, type Owner, ownersOf } from './out-tree.js';

/** Name → place; a place is relative to the project, or absolute outside of it. */
export type Links = Readonly<Record<string, string>>;

/** Equal for names that a file system may treat as one: with another case, or with composed accents. */
export function foldName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** The longest linked name at the start of a path. */
function linkOf(path: string, links: Links): string | undefined {
  return withFoldersAbove(path).find((name) => Object.hasOwn(links, name));
}

/** For an out, which may itself be a link that its item makes. */
export function placeOfOut(path: string, links: Links): string {
  // Another spelling of a place.
  if (Object.hasOwn(links, path)) return links[path]!;
  const end = path.lastIndexOf('/');
  if (end < 0) return path;
  const place = placeOf(path.slice(0, end), links);
  return place === '' ? path.slice(end + 1) : `${place}${path.slice(end)}`;
}

export function placeOf(path: string, links: Links): string {
  const link = linkOf(path, links);
  if (link === undefined) return path;
  const place = links[link]!;
  const rest = path.slice(link.length);
  return place === '' ? rest.slice(1) : `${place}${rest}`;
}

/** A clause with the links by which these paths lead to one place; undefined without links. */
export function leadsTo(paths: readonly string[], links: Links): string | undefined {
  const found = new Map<string, Set<string>>();
  for (const path of paths) {
    const link = linkOf(path, links);
    if (link === undefined) continue;
    const place = links[link] === '' ? 'the project' : links[link]!;
    found.set(place, (found.get(place) ?? new Set()).add(link));
  }
  const clauses = [...found].map(([place, names]) => {
    const [first, ...others] = [...names];
    if (foldName(first!) === foldName(place))
      return `this file system treats the names ${first} and ${place} as one`;
    return others.length === 0
      ? `${first} leads to ${place}`
      : `${[first, ...others].join(' and ')} lead to ${place}`;
  });
  return clauses.length === 0 ? undefined : clauses.join(', ');
}

/** The outs by every name that a dep may use for them; `places` holds them by place. */
export function withNames(places: OutTree, owners: readonly Owner[], links: Links): OutTree {
  const names = createOutTree();
  for (const owner of owners) if (!nameOf(owner).startsWith('/')) addOut(names, owner);
  for (const [link, place] of Object.entries(links)) {
    for (const owner of ownersOf(places, place)) {
      const at = nameOf(owner);
      const isAbove = place === '' || at.startsWith(`${place}/`);
      const rest = place === '' ? `/${at}` : at.slice(place.length);
      const name = isAbove ? `${link}${rest}` : link;
      const path = isAbove ? owner.path : `${owner.path}${place.slice(at.length)}`;
      // A name that leads into an out with another name finds that out.
      addOut(names, { ...owner, name, path, link: [link, place] });
    }
  }
  return names;
}
