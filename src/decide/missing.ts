/** Missing inputs: finds them before anything runs, and reports them as a user error. */
import path from 'node:path';
import type { Cooperative } from '../cache/files/yielding.js';
import { diagnosticsOf, type ItemMistake, UserError } from '../error.js';
import { lookAlikeHint } from '../pipeline/look-alike.js';
import type { Dep, Plan } from '../pipeline/plan.js';
import { withFoldersAbove } from '../sys/is-within.js';
import { type BuildContext, type ItemHandle, itemAt } from './build-context.js';
import { matchesIn } from './dep-files.js';
import { type Part, sourceOf } from './parts.js';
import { planPlaces } from './project.js';

/**
 * Covers items that wait for others too, so that the error comes before hours of work. A dep that a
 * pending item may still make is not missing.
 *
 * @param isPending true for a needed item whose outs may still change
 */
export function* missingDeps(
  handle: ItemHandle,
  isPending: (need: number) => boolean,
): Cooperative<MissingDep[]> {
  const { build, item } = handle;
  const toCome = new Set(
    handle.needs
      .filter(isPending)
      .flatMap((need) => itemAt(build, need).outs.map((out) => out.path)),
  );
  const absent: MissingDep[] = [];
  for (const dep of item.deps)
    if (yield* isUnmatched(build, dep, toCome)) absent.push({ item: item.id, dep });
  return absent;
}

/** A pattern is missing when it matches nothing, or when a gathered out is absent. */
function* isUnmatched(
  build: BuildContext,
  dep: Dep,
  toCome: ReadonlySet<string>,
): Cooperative<boolean> {
  if (dep.within?.some((out) => toCome.has(sourceOf(dep, out)))) return false;
  const matched = yield* matchesIn(dep, { root: build.project.root, cache: build.project.cache });
  if (matched.length === 0) return !dep.optional;
  return (dep.glob || !dep.optional) && matched.some((each) => isAbsent(build, dep, each, toCome));
}

function isAbsent(build: BuildContext, dep: Dep, part: Part, toCome: ReadonlySet<string>): boolean {
  const where = part.made ? sourceOf(dep, part.path) : part.path;
  if (withFoldersAbove(where).some((each) => toCome.has(each))) return false;
  if (isThere(build, where, part.made)) return false;
  // An upstream item creates the folder with its contents.
  return !dep.outs?.some(
    (out) => toCome.has(sourceOf(dep, out)) && out.startsWith(`${part.path}/`),
  );
}

/** A link that an item makes counts as a link; a user's link counts as its target. */
function isThere(build: BuildContext, where: string, made: boolean): boolean {
  const full = path.join(build.project.root, where);
  const { readSet } = build.project.cache;
  try {
    return (made ? readSet.lstat(full) : readSet.stat(full)) !== undefined;
  } catch {
    return true; // The code that reads it reports the error.
  }
}

export interface MissingDep {
  readonly item: string;
  readonly dep: Dep;
}

/** @throws UserError that names every missing dep */
export async function refuseMissing(
  { project, options }: BuildContext,
  missing: readonly MissingDep[],
): Promise<void> {
  if (missing.length === 0) return;
  const places = await planPlaces(project);
  throw new UserError(
    diagnosticsOf(
      missing.map(({ item, dep }): ItemMistake => {
        const place = places.dep(item, dep.name);
        return {
          code: 'missing-input',
          item,
          text: `: ${whatIsMissing(dep)}`,
          ...(place && { place }),
          hint:
            stageHint(dep, project.plan) ?? hintOf(dep, { root: project.root, only: options.only }),
        };
      }),
    ),
  );
}

/** Message and hint for a dep that is still missing after all items that its item needs have run. */
export function missingAfterAll(dep: Dep): string {
  return `${whatIsMissing(dep)}; ${hintOf(dep, {})}`;
}

function whatIsMissing({ glob, gathered = [], path }: Dep): string {
  if (!glob) return `the input ${path} does not exist`;
  return gathered.length === 0
    ? `nothing matches ${path}`
    : `some of the files that ${path} stands for do not exist`;
}

/** `deps: [train]`, where `train` is a stage. */
function stageHint({ path: written }: Dep, { items }: Plan): string | undefined {
  const named = items.filter(({ id, stage }) => id === written || stage === written);
  if (named.length === 0) return undefined;
  const out = named.flatMap(({ outs }) => outs)[0]?.path;
  return out === undefined
    ? `"${written}" is a stage without outs, so no other stage can depend on it`
    : `"${written}" is a stage: name the file that it writes, ${out}`;
}

/** A bracket or brace that is never closed stands for itself. */
function openBracket(pattern: string): string | undefined {
  let rest = pattern.replace(/\\./g, '');
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replace(/\[[^\]]+\]|\{[^{}]*\}/g, '');
  }
  const [open] = /[[{]/.exec(rest) ?? [];
  return open && `close the "${open}" in the pattern`;
}

function hintOf(
  { made, glob, path }: Dep,
  { root, only }: { readonly root?: string; readonly only?: boolean },
): string {
  if (!made) {
    const similar = root === undefined ? undefined : lookAlikeHint(root, path);
    const hint = glob ? openBracket(path) : similar;
    return hint ?? 'no stage writes it: add the file, or correct the path in pipeline.yaml';
  }
  return only
    ? 'run it without --only, so that the stage that writes it runs first'
    : 'the stage that should write it ran without writing it: correct that stage, or the path in pipeline.yaml';
}
