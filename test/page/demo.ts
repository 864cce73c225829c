/** A pipeline with everything that the page shows: epochs, metrics, pictures, a failure, names that are HTML. */

export const PIPELINE = `params:
  names: [faces, cars]
  train: { epochs: 4, lr: 0.1 }
stages:
  fetch:
    desc: the raw numbers
    matrix: { dataset: "\${names}" }
    cmd: echo "got \${dataset}"; seq 1 20 > \${outs.raw}
    outs: { raw: "cache/out/\${dataset}/raw.txt" }
  train:
    desc: fits a line
    matrix: { dataset: "\${names}" }
    cmd: node train.mjs
    deps: { data: "cache/out/\${dataset}/raw.txt" }
    params: [train]
    epochs: \${train.epochs}
    secrets: [TOKEN]
    outs: { model: "cache/out/\${dataset}/model.json" }
    metrics: ["cache/out/\${dataset}/metrics.json"]
  draw:
    matrix: { dataset: "\${names}" }
    cmd: node draw.mjs \${dataset} \${outs.picture}
    deps: { model: "cache/out/\${dataset}/model.json" }
    outs: { picture: "cache/out/\${dataset}/picture.svg" }
  broken:
    cmd: echo "<script>window.broken = 1</script>"; exit 3
    deps: { raw: cache/out/faces/raw.txt }
    outs: { never: cache/out/never.txt }
  summary:
    cmd: cat \${deps.never} > \${outs.all}
    deps: { never: cache/out/never.txt }
    outs: { all: cache/out/all.txt }
`;

const TRAIN = `import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
const { params, matrix, outs } = JSON.parse(readFileSync(process.env.PIPE_CONTEXT, 'utf8'));
const { PIPE_COMMIT, PIPE_EPOCH, PIPE_EPOCHS, GATE, TOKEN } = process.env;
console.log('the token is ' + TOKEN);
const ease = matrix.dataset.length;
for (let epoch = Number(PIPE_EPOCH) + 1; epoch <= Number(PIPE_EPOCHS); epoch++) {
  // A test that follows a run holds it here, until it makes the file.
  while (GATE && epoch > 2 && !existsSync(GATE)) await new Promise((go) => setTimeout(go, 10));
  const loss = 1 / (epoch * params.train.lr * ease);
  const draft = PIPE_COMMIT + '/draft';
  mkdirSync(draft, { recursive: true });
  writeFileSync(draft + '/state.json', String(epoch));
  writeFileSync(draft + '/metrics.json', JSON.stringify({ val: { loss } }));
  renameSync(draft, PIPE_COMMIT + '/' + epoch);
  console.log('epoch ' + epoch);
}
writeFileSync(outs.model, '{}');
const metrics = Object.values(outs).find((file) => file.endsWith('metrics.json'));
writeFileSync(metrics, JSON.stringify({ loss: params.train.lr + 1 / ease, '<img src=x onerror="window.broken = 2">': 3 }));
`;

const DRAW = `import { writeFileSync } from 'node:fs';
const [, , name, out] = process.argv;
writeFileSync(out, '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="120" height="80" fill="#357"/><text x="8" y="20" fill="#fff">' + name + '</text></svg>');
`;

export const FILES = { 'pipeline.yaml': PIPELINE, 'train.mjs': TRAIN, 'draw.mjs': DRAW };
