/** Runs a stage in this process with a context made by hand, in folders that the test owns. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StageContext, StageDefinition, StageShape } from 'pipe/stage';

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: string | undefined;
}

/** What of a context a test gives; the rest is as for a stage without epochs. */
type Given<S extends StageShape> = Pick<StageContext<S>, 'params' | 'deps' | 'outs'> & {
  readonly matrix?: StageContext<S>['matrix'];
  readonly signal?: AbortSignal;
};

/** Gives the progress that the stage reported. */
export async function runStage<S extends StageShape>(
  stage: StageDefinition<S>,
  given: Given<S>,
): Promise<Progress[]> {
  const reported: Progress[] = [];
  const context = {
    item: 'stage@test',
    matrix: {},
    signal: new AbortController().signal,
    progress: (done: number, total: number, unit?: string) => reported.push({ done, total, unit }),
    get epochs(): never {
      throw new Error('this stage has no epochs');
    },
    ...given,
  } as unknown as StageContext<S>;
  await stage.run(context);
  return reported;
}

/** An empty folder of the test's own, to be removed after. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'stage-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Every file below a folder with its bytes, sorted by path: to compare two folders as a whole. */
export function folderContents(folder: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}
