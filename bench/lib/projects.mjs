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
