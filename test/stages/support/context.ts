/** Runs a stage as its process would, on the test's own folders. */
import type { Epochs, StageContext, StageDefinition, StageShape } from 'pipe-run/stage';

interface Given {
  readonly item?: string;
  readonly matrix?: Readonly<Record<string, string | number | boolean>>;
  readonly params: unknown;
  readonly deps: Readonly<Record<string, string | readonly string[]>>;
  readonly outs: Readonly<Record<string, string>>;
  readonly progress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  readonly epochs?: Epochs;
  readonly cpu?: number;
}

export async function runStage<S extends StageShape>(
  stage: StageDefinition<S>,
  { cpu = 1, ...given }: Given,
): Promise<void> {
  const context = {
    item: 'test',
    matrix: {},
    resources: { cpu, memory: 0, gpu: 0 },
    signal: new AbortController().signal,
    progress() {},
    get epochs(): never {
      throw new Error('this stage has no epochs');
    },
    ...given,
  };
  await stage.run(context as unknown as StageContext<S>);
}
