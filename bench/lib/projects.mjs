/** Projects for the measurements, each as the tool and its peers want it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const PIPE = path.resolve('bin/pipe.cjs');

/** So many items, each a stage of its own that writes one small file. */
export function trivialItems(folder, items) {
  mkdirSync(folder, { recursive: true });
  const stages = Array.from(
    { length: items },
    (_, at) => `  i${at}: { cmd: 'echo ${at} > out/${at}.txt', outs: [out/${at}.txt] }`,
  );
  writeFileSync(path.join(folder, 'pipeline.yaml'), `stages:\n${stages.join('\n')}\n`);
  return folder;
}

/** A matrix of so many items, which start one Python script with other arguments. */
export function pythonSweep(folder, items) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'train.py'),
    "import sys\nopen(sys.argv[1], 'w').write(sys.argv[2])\n",
  );
  const seeds = Array.from({ length: items }, (_, at) => at).join(', ');
  writeFileSync(
    path.join(folder, 'pipeline.yaml'),
    `stages:
  train:
    matrix: { seed: [${seeds}] }
    cmd: python3 train.py out/\${seed}.txt \${seed}
    outs: ['out/\${seed}.txt']
`,
  );
  return folder;
}

/** One stage that needs so many Python files: by the imports of its script, or as its deps. */
export function pythonModules(folder, count, isTraced) {
  mkdirSync(path.join(folder, 'lib'), { recursive: true });
  const names = Array.from({ length: count }, (_, at) => `m${at}`);
  for (const [at, name] of names.entries()) {
    const next = names[at + 1];
    const lines = Array.from(
      { length: 60 },
      (_, line) => `def f${line}(x):\n    return x + ${line}\n`,
    );
    const text = `import os\nimport numpy as np\n${next ? `from .${next} import f0\n` : ''}${lines.join('\n')}`;
    writeFileSync(path.join(folder, 'lib', `${name}.py`), text);
  }
  writeFileSync(
    path.join(folder, 'train.py'),
    'import sys\n\nif len(sys.argv) > 9:\n    import lib.m0\n',
  );
  const deps = ['train.py', ...names.map((name) => `lib/${name}.py`)];
  const stage = isTraced
    ? "cmd: 'python3 train.py; echo 1 > out.txt'"
    : `cmd: 'echo 1 > out.txt', deps: [${deps.join(', ')}]`;
  writeFileSync(
    path.join(folder, 'pipeline.yaml'),
    `stages:\n  train: { ${stage}, outs: [out.txt] }\n`,
  );
  return folder;
}

/** One stage that reads a folder of so many files of 4 KB and writes another of as many. */
export function manyFiles(folder, files) {
  makeFiles(path.join(folder, 'data'), files);
  writeFileSync(
    path.join(folder, 'pipeline.yaml'),
    'stages:\n  copy: { cmd: "cp -r data out", deps: [data], outs: [out] }\n',
  );
  return folder;
}

/** Files of 4 KB in 27 folders. */
export function makeFiles(folder, count) {
  for (let at = 0; at < 27; at++) mkdirSync(path.join(folder, String(at)), { recursive: true });
  for (let at = 0; at < count; at++) {
    const text = `${folder} ${at} `;
    writeFileSync(
      path.join(folder, String(at % 27), `${at}.bin`),
      text.repeat(Math.ceil(4096 / text.length)).slice(0, 4096),
    );
  }
}
