/** Refuses outs that are links which pipe did not create, before anything changes. */
import { readlinkSync } from 'node:fs';
import path from 'node:path';
import { type BuildContext, itemAt } from '../decide/build-context.js';
import { planPlaces } from '../decide/project.js';
import { type Diagnostic, UserError } from '../error.js';
import { lockedOuts } from '../lockfile/locked-outs.js';
import type { Item, Out } from '../pipeline/plan.js';
import { lstatIfThere } from '../sys/if-there.js';

interface LinkedOut {
  readonly item: Item;
  readonly out: Out;
}

/**
 * Pipe replaces an out as a whole, so it would delete the link, and never write to its target.
 *
 * @throws UserError that names every such out of these items
 */
export async function refuseLinkedOuts(
  build: BuildContext,
  pending: readonly number[],
): Promise<void> {
  const found = pending.flatMap((index): LinkedOut[] => {
    const item = itemAt(build, index);
    return item.outs.filter((out) => isUsersLink(build, item, out)).map((out) => ({ item, out }));
  });
  if (found.length === 0) return;
  const places = await planPlaces(build.project);
  throw new UserError(
    found.map(({ item, out }): Diagnostic => {
      const place = places.out(item.id, out.name);
      const target = readlinkSync(path.join(build.project.root, out.path));
      return {
        code: 'out-is-link',
        message: `the out ${out.path} of ${item.id} is a symbolic link to ${target} that pipe did not create`,
        ...(place && { place }),
        hint: `pipe replaces an out as a whole: link the folder above it instead, or remove the link: rm ${out.path}`,
      };
    }),
  );
}

function isUsersLink(build: BuildContext, item: Item, out: Out): boolean {
  const full = path.join(build.project.root, out.path);
  return lstatIfThere(full)?.isSymbolicLink() === true && !isOfRun(build, item, out);
}

/** An item may make a link, even if it was interrupted. */
function isOfRun(build: BuildContext, item: Item, out: Out): boolean {
  const cache = build.project.cache;
  const wrote = cache.state.wrote(out.path);
  if (wrote === 'begun' || wrote === 'ended' || cache.state.readAttempt(item.id) !== undefined)
    return true;
  const now = cache.scanSync(out.path)?.digest;
  return (
    now === wrote ||
    lockedOuts(build.project, item.id).some(
      ({ name, digest }) => name === out.name && digest === now,
    )
  );
}
