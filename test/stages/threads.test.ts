/** A thread of a stage: it runs the bundle that pipe made of the stage. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Project } from '../rig/project.js';

const PACKAGES = fileURLToPath(new URL('../../packages', import.meta.url));

const STAGE = `import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { bundleFile } from '@pipe-experiment/data/bundle-file.js';

export default async ({ outs }) => {
  const worker = new Worker(bundleFile(), { workerData: 20 });
  const [doubled] = await once(worker, 'message');
  writeFileSync(outs.o, String(doubled));
};
if (!isMainThread) parentPort.postMessage(2 * workerData);
`;

let project: Project;
beforeAll(() => {
  project = new Project({
    'pipeline.yaml': 'stages:\n  double: { run: stages/double.ts, outs: { o: out.txt } }\n',
    'stages/double.ts': STAGE,
  });
  cpSync(PACKAGES, project.path('packages'), { recursive: true });
  mkdirSync(project.path('node_modules'));
  symlinkSync('../packages', project.path('node_modules/@pipe-experiment'));
});
afterAll(() => project.dispose());

it('runs the code of its stage, as pipe bundled it', async () => {
  const { code, out, err } = await project.pipe('run');
  expect(code, out + err).toBe(0);
  expect(project.read('out.txt')).toBe('40');
});
