/**
 * The optional native packages: no key depends on them, and a backend that does not work as named
 * is refused.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NATIVE_PACKAGES, NATIVE_VERSION } from '@pipe-experiment/networks/backend/native.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../../../rig/project.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PACKAGE = 'node_modules/@tensorflow/tfjs-node-gpu';

const STAGE = `import { writeFileSync } from 'node:fs';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
export default async ({ params, outs }) => writeFileSync(outs.o, await openBackend(params.backend));
`;
const PIPELINE = `params: { backend: auto }
stages:
  open: { run: stages/open.ts, params: [backend], outs: { o: cache/out/opened } }
`;

/** What the package does when it is loaded: registers `tensorflow`, as the real one does. */
const registering = (usesGpu: boolean) => `const tf = require('@tensorflow/tfjs-core');
class Backend extends tf.KernelBackend {
  isUsingGpuDevice = ${usesGpu};
  dispose() {}
}
tf.registerBackend('tensorflow', () => new Backend());
`;

let project: Project;

/** Installs a package of that version with this text as its only module. */
function install(module: string, version: string = NATIVE_VERSION): void {
  project.write(
    `${PACKAGE}/package.json`,
    JSON.stringify({ name: '@tensorflow/tfjs-node-gpu', version }),
  );
  project.write(`${PACKAGE}/index.js`, module);
}

async function failure(): Promise<string> {
  const { code, out, err } = await project.pipe('run', '--set', 'backend=node-gpu');
  expect(code, out + err).toBe(1);
  return out + err;
}

beforeAll(() => {
  project = new Project({ 'pipeline.yaml': PIPELINE, 'stages/open.ts': STAGE });
  cpSync(join(ROOT, 'packages'), project.path('packages'), { recursive: true });
  const modules = join(ROOT, 'node_modules');
  mkdirSync(project.path('node_modules/@tensorflow'), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name.startsWith('.') || ['@tensorflow', '@pipe-experiment'].includes(name)) continue;
    symlinkSync(join(modules, name), project.path(join('node_modules', name)));
  }
  for (const name of readdirSync(join(modules, '@tensorflow'))) {
    if (name.startsWith('tfjs-node')) continue;
    const place = join('@tensorflow', name);
    symlinkSync(join(modules, place), project.path(join('node_modules', place)));
  }
  symlinkSync('../packages', project.path('node_modules/@pipe-experiment'));
});
afterAll(() => project.dispose());

describe('native packages', () => {
  it('are optional peers of exactly the version that the code accepts', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages/networks/package.json'), 'utf8'));
    const names = Object.values(NATIVE_PACKAGES);
    expect(manifest.peerDependencies).toEqual(
      Object.fromEntries(names.map((name) => [name, NATIVE_VERSION])),
    );
    for (const name of names) expect(manifest.peerDependenciesMeta[name].optional).toBe(true);
    expect(readFileSync(join(ROOT, 'docs/experiment/gpu.md'), 'utf8')).toContain(
      `npm install --no-save ${NATIVE_PACKAGES['node-gpu']}@${NATIVE_VERSION}`,
    );
  });

  it('change neither the choice of auto nor any key, whether they are absent, broken or intact', async () => {
    const { code, out, err } = await project.pipe('run');
    expect(code, out + err).toBe(0);
    expect(project.read('cache/out/opened')).toBe('wasm');
    for (const module of ["throw new Error('no addon');", registering(true)]) {
      install(module);
      expect((await project.pipe('run')).out).toBe('pipe: 0 ran, 0 restored, 1 fresh\n');
      const forced = await project.pipe('run', '--force');
      expect(forced.code, forced.out + forced.err).toBe(0);
      expect(project.read('cache/out/opened')).toBe('wasm');
    }
    project.remove(PACKAGE);
  });

  it('that are missing, of another version or without their addon are an error with a hint', async () => {
    const cure =
      'Run `npm install --no-save @tensorflow/tfjs-node-gpu@4.22.0`, or use the backend wasm.';
    project.remove(PACKAGE);
    const missing = await failure();
    expect(missing).toContain(
      'the backend node-gpu needs the package @tensorflow/tfjs-node-gpu 4.22.0, which is not installed',
    );
    expect(missing).toContain(cure);
    install('', '4.21.0');
    const other = await failure();
    expect(other).toContain('tfjs-node-gpu 4.22.0, but 4.21.0 is installed');
    expect(other).toContain(cure);
    install("throw new Error('tfjs_binding.node can not be found\\\\nPlease run');");
    const broken = await failure();
    expect(broken).toContain(
      'the backend node-gpu cannot start: @tensorflow/tfjs-node-gpu does not load: tfjs_binding.node can not be found',
    );
    expect(broken).toContain(
      'Run `npm rebuild --ignore-scripts=false @tensorflow/tfjs-node-gpu`, or use the backend wasm.',
    );
    for (const told of [missing, other, broken]) expect(told).not.toMatch(/^\s+at /m);
  });

  it('compute on a GPU, or not at all as node-gpu', async () => {
    install(registering(false));
    expect(await failure()).toContain(
      'the backend is node-gpu, but TensorFlow finds no GPU that it can use',
    );
    install(registering(true));
    const { code, out, err } = await project.pipe('run', '--set', 'backend=node-gpu');
    expect(code, out + err).toBe(0);
    expect(project.read('cache/out/opened')).toBe('node-gpu');
  });
});
