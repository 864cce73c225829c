/** One synthetic training in three languages: each logs begun epochs, and all end with the same bytes. */

export interface Training {
  readonly language: 'TypeScript' | 'shell' | 'Python';
  /** Its files, including pipeline.yaml, for this number of epochs. */
  readonly files: (epochs: number) => Readonly<Record<string, string>>;
}

/** Each epoch logs itself here before its work, so that epochs lost by a kill are counted too. */
export const COMPUTED = 'computed.txt';
export const MODEL = 'cache/out/model';

/** Size of the state in bytes: noise, each made from the previous one. */
const BYTES = 300_000;

function pipeline(epochs: number, action: string): string {
  return `params: { train: { epochs: ${epochs}, rate: 3 } }
stages:
  train:
    ${action}
    params: [train.rate]
    outs: { model: ${MODEL} }
    epochs: \${train.epochs}
`;
}

const TYPESCRIPT_STAGE = `import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineStage } from 'pipe-run/stage';

interface Shape {
  params: { train: { rate: number } };
  outs: { model: string };
}

function noiseOf(seed: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at * 32 < ${BYTES}; at++) parts.push(createHash('sha256').update(seed + at).digest());
  return Buffer.concat(parts);
}

export default defineStage<Shape>(async ({ epochs, params, outs }) => {
  let weights = noiseOf('start');
  let seen: number[] = [];
  if (epochs.state !== undefined) {
    weights = readFileSync(path.join(epochs.state, 'deep', 'weights.bin'));
    seen = JSON.parse(readFileSync(path.join(epochs.state, 'seen.json'), 'utf8')) as number[];
  }
  for (const epoch of epochs.remaining()) {
    appendFileSync('${COMPUTED}', epoch + '\\n');
    weights = noiseOf(createHash('sha256').update(weights).update(String(params.train.rate)).digest('hex'));
    seen = [...seen, epoch];
    await epochs.commit(
      epoch,
      (folder) => {
        mkdirSync(path.join(folder, 'deep'));
        writeFileSync(path.join(folder, 'deep', 'weights.bin'), weights);
        writeFileSync(path.join(folder, 'seen.json'), JSON.stringify(seen));
      },
      { loss: (weights[0] ?? 0) / 255 },
    );
  }
  writeFileSync(outs.model, Buffer.concat([weights, Buffer.from(JSON.stringify(seen))]));
});
`;

const SHELL = `set -eu
epoch=$PIPE_EPOCH
if [ "$epoch" -gt 0 ]; then
  cp "$PIPE_STATE/seen" seen.tmp && chmod u+w seen.tmp
  weight=$(cat "$PIPE_STATE/deep/weight")
else
  : > seen.tmp
  weight=1
fi
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  echo "$epoch" >> ${COMPUTED}
  weight=$(((weight * $1 + epoch) % 1000003))
  echo "$epoch" >> seen.tmp
  draft=$PIPE_COMMIT/draft
  mkdir "$draft" "$draft/deep"
  echo "$weight" > "$draft/deep/weight"
  cp seen.tmp "$draft/seen"
  echo "{\\"loss\\": $weight}" > "$draft/metrics.json"
  mv "$draft" "$PIPE_COMMIT/$epoch"
done
{ echo "$weight"; cat seen.tmp; } > "$2"
`;

const PYTHON = `import hashlib, json, os, random, sys, time

target, epoch = int(os.environ["PIPE_EPOCHS"]), int(os.environ["PIPE_EPOCH"])
state, commit = os.environ["PIPE_STATE"], os.environ["PIPE_COMMIT"]
rng = random.Random(7)
weights, seen = b"start", []
if epoch > 0:
    with open(os.path.join(state, "deep", "weights.bin"), "rb") as file:
        weights = file.read()
    with open(os.path.join(state, "state.json")) as file:
        seen, (version, numbers, gauss) = json.load(file)
    rng.setstate((version, tuple(numbers), gauss))
while epoch < target:
    epoch += 1
    with open("${COMPUTED}", "a") as file:
        file.write(f"{epoch}\\n")
    seed = hashlib.sha256(weights + sys.argv[1].encode() + str(rng.random()).encode()).digest()
    weights = random.Random(seed).randbytes(${BYTES})
    seen.append(epoch)
    draft = os.path.join(commit, "draft")
    os.makedirs(os.path.join(draft, "deep"))
    with open(os.path.join(draft, "deep", "weights.bin"), "wb") as file:
        file.write(weights)
    with open(os.path.join(draft, "state.json"), "w") as file:
        json.dump([seen, rng.getstate()], file)
    while os.path.exists(os.path.join(commit, str(epoch - 1))):
        time.sleep(0.002)
    os.rename(draft, os.path.join(commit, str(epoch)))
with open(sys.argv[2], "wb") as file:
    file.write(weights + json.dumps(seen).encode())
`;

export const TYPESCRIPT: Training = {
  language: 'TypeScript',
  files: (epochs) => ({
    'pipeline.yaml': pipeline(epochs, 'run: stages/train.ts'),
    'stages/train.ts': TYPESCRIPT_STAGE,
  }),
};

export const TRAININGS: readonly Training[] = [
  TYPESCRIPT,
  {
    language: 'shell',
    files: (epochs) => ({
      'pipeline.yaml': pipeline(epochs, 'cmd: sh train.sh ${train.rate} ${outs.model}'),
      'train.sh': SHELL,
    }),
  },
  {
    language: 'Python',
    files: (epochs) => ({
      'pipeline.yaml': pipeline(epochs, 'cmd: python3 train.py ${train.rate} ${outs.model}'),
      'train.py': PYTHON,
    }),
  },
];
