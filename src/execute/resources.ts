/** Resources of this machine: items that exceed its cores or memory run alone; its GPUs are a hard limit. */
import { type BuildContext, itemAt } from '../decide/build-context.js';
import { planPlaces } from '../decide/project.js';
import { diagnosticsOf, type ItemMistake, UserError } from '../error.js';
import type { Resources } from '../pipeline/plan.js';
import { findGpus } from '../process/gpus.js';
import type { Machine } from '../process/machine.js';

/** The resources that the items of a run may use together. */
export async function capacityOf(
  build: BuildContext,
  pending: readonly number[],
  machine: Machine,
): Promise<Resources> {
  const wantsGpu = pending.some((index) => itemAt(build, index).resources.gpu > 0);
  return {
    cpu: build.options.concurrency ?? machine.cores,
    memory: machine.memory,
    gpu: wantsGpu ? (await findGpus(build.project.env)).indices.length : 0,
  };
}

/**
 * Checks items that are about to run. An item with a known result needs no GPU.
 *
 * @throws UserError that names each item with more GPUs than the machine has
 */
export async function refuseTooManyGpus(
  build: BuildContext,
  indices: readonly number[],
): Promise<void> {
  const wanting = indices.filter((index) => itemAt(build, index).resources.gpu > 1);
  if (wanting.length === 0) return;
  const { indices: gpus, virtual } = await findGpus(build.project.env);
  if (virtual) return;
  const over = wanting.filter((index) => itemAt(build, index).resources.gpu > gpus.length);
  if (over.length === 0) return;
  const places = await planPlaces(build.project);
  throw new UserError(
    diagnosticsOf(
      over.map((index): ItemMistake => {
        const { id, resources } = itemAt(build, index);
        const place = places.resource(id, 'gpu');
        return {
          code: 'too-many-gpus',
          item: id,
          text: ` needs ${resources.gpu} GPUs, but this machine has ${gpus.length}`,
          ...(place && { place }),
          hint: 'lower `resources: { gpu: … }`, or set PIPE_GPUS if pipe does not find all GPUs',
        };
      }),
    ),
  );
}
