/**
 * Links that items make. An out keeps its links as links, but a reader of the out reads through them.
 * So a dep also covers their targets, which must not be outs that the reader does not need.
 */
import path from 'node:path';
import type { Scan } from '../cache/cache.js';
import { UnusableFile } from '../cache/files/file-errors.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import { staysWithin, wayOf } from '../cache/scan/link-targets.js';
import { canonical, sha256 } from '../canonical.js';
import { oncePer, oncePerText } from '../lists.js';
import { addOut, createOutTree, type OutTree, type Owner, ownersOf } from '../pipeline/out-tree.js';
import type { Dep, Item, Plan } from '../pipeline/plan.js';
import { allNeeds } from '../pipeline/select.js';
import { isWithin } from '../sys/is-within.js';
import { inRealFolder, realPlace } from '../sys/real-place.js';
import { type FileView, scanAt } from './file-view.js';

/** An out as a dep. Links that lead out of it change the digest if their targets exist; `links` lists them. */
export function* madeAt(where: string, view: FileView): Cooperative<Scan | undefined> {
  const scan = yield* scanAt(where, view);
  if (scan?.links === undefined) return scan;
  const tree = kindOf(scan.digest) === 'directory' ? realPlace(path.join(view.root, where)) : '';
  const behind: [string, Digest][] = [];
  const links: string[] = [];
  for (const link of scan.links) {
    const { target, isInner } = leadOf(link, where, view);
    if (isInner) continue;
    links.push(link);
    if (target === undefined || (tree !== '' && isWithin(target, tree))) continue;
    const found = yield* scanAt(link, view, { follow: !holdsProject(target, view.root) });
    if (found === undefined) continue;
    behind.push([link.slice(where.length), found.digest]);
    links.push(...(found.links ?? []));
  }
  const own = withLinks(scan, [{ links }]);
  if (behind.length === 0) return own;
  const text = canonical([scan.digest, behind.sort(([a], [b]) => (a < b ? -1 : 1))]);
  return { ...own, digest: `l:${sha256(`pipe links\n${text}`)}` };
}

interface Lead {
  /** Undefined for a broken link. */
  readonly target: string | undefined;
  /** The link stays inside the out, so every folder on the way is in the read set. */
  readonly isInner: boolean;
}

function leadOf(link: string, where: string, { root, cache, targetOf: laid }: FileView): Lead {
  const target = laid?.(link);
  if (target !== undefined) return { target, isInner: false };
  const absolute = path.join(root, link);
  const { readSet } = cache;
  const isInner = staysWithin(readSet.linkText(absolute), path.dirname(link), where);
  if (!isInner) readSet.markIncomplete();
  return { target: readSet.realpath(absolute), isInner };
}

function holdsProject(place: string, root: string): boolean {
  return isWithin(realPlace(root), place);
}

/** The scan with only the links of these scans. */
export function withLinks({ digest, size, files }: Scan, of: readonly Pick<Scan, 'links'>[]): Scan {
  const links = of.flatMap((each) => each.links ?? []);
  return links.length === 0 ? { digest, size, files } : { digest, size, files, links };
}

interface Planned {
  readonly plan: Plan;
}

/**
 * The outs that an item reads through these paths. Each path is a link or below one.
 *
 * @throws UnusableFile when the item does not need one of them: that out could change at any time
 */
export function outsBehind(
  item: Item,
  dep: Dep,
  paths: readonly string[],
  context: Pick<FileView, 'root' | 'targetOf'> & Planned,
): readonly Owner[] {
  if (paths.length === 0) return [];
  const { root, plan } = context;
  const needed = allNeeds(plan, item.needs);
  const outs = realOuts(plan, root);
  const found = new Map<string, Owner>();
  for (const link of paths) {
    const target = context.targetOf?.(link);
    for (const place of target === undefined ? wayOf(path.join(root, link)) : [target]) {
      if (holdsProject(place, root))
        throw strayLink(link, 'a folder that contains this project', LEAD_ELSEWHERE);
      for (const owner of ownersOf(outs, place.slice(1))) {
        if (!needed.has(owner.item)) throw stray(item, dep, link, owner, plan);
        found.set(owner.path, owner);
      }
    }
  }
  return [...found.values()];
}

const LEAD_ELSEWHERE = 'make the link lead to the files that are needed';

function stray(item: Item, dep: Dep, link: string, { path: out, item: at }: Owner, plan: Plan) {
  const { id } = item;
  const maker = plan.items[at] as Item;
  if (maker.id === id)
    return strayLink(
      link,
      `${out}, which ${id} itself writes: ${id} would read its own last result`,
      `${id} reads it as dep ${dep.path}: ${LEAD_ELSEWHERE}`,
    );
  const hint = `add ${out} to the deps of ${id}, or make the link lead elsewhere`;
  return strayLink(link, `${out}, which ${maker.id} writes and ${id} does not need`, hint);
}

function strayLink(link: string, place: string, hint: string): UnusableFile {
  return new UnusableFile({ code: 'stray-link', message: `${link} leads to ${place}`, hint });
}

/** True for an out, a path inside one, or a folder that contains outs, by the real path. */
export function isOut({ root, plan }: Pick<FileView, 'root'> & Planned, absolute: string): boolean {
  return ownersOf(realOuts(plan, root), inRealFolder(absolute).slice(1)).length > 0;
}

/** Outs by real path, since links lead to real paths. */
const realOuts = oncePer((plan: Plan, root: string): OutTree => {
  const tree = createOutTree();
  const real = oncePerText((folder) => realPlace(path.join(root, folder)));
  for (const [item, { outs }] of plan.items.entries()) {
    for (const [out, { path: where }] of outs.entries()) {
      const place = `${real(path.dirname(where))}/${path.basename(where)}`;
      addOut(tree, { path: where, item, out, name: place.slice(1) });
    }
  }
  return tree;
});
