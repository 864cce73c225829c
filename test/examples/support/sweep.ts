/**
 * A sweep of the Python example over learning rates and widths, and typical questions about its
 * results.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Project } from '../../rig/project.js';
import { projectWithin } from '../../rig/projects.js';

export const hasPython = spawnSync('python3', ['--version']).status === 0;

/** The rate and the width in pipeline.yaml. */
const TODAY = '0.05 8';

interface Row {
  readonly key: string;
  readonly state: string;
  readonly params: Record<string, number>;
  readonly metrics: Record<string, number>;
}

export function example(): Project {
  const made = projectWithin();
  const source = fileURLToPath(new URL('../../../examples/sweep-python', import.meta.url));
  cpSync(source, made.root, { recursive: true });
  const short = made.read('pipeline.yaml').replace('epochs: 80', 'epochs: 3');
  made.write('pipeline.yaml', short);
  return made;
}

/** As if all results had been stored an hour ago. */
function age(made: Project): void {
  const then = Date.now() / 1000 - 3600;
  for (const folder of ['cache/v1/records', 'cache/v1/objects'])
    for (const name of readdirSync(made.path(folder), { recursive: true, encoding: 'utf8' }))
      utimesSync(made.path(`${folder}/${name}`), then, then);
}

export async function out(made: Project, ...args: string[]): Promise<string> {
  const ended = await made.pipe(...args);
  expect([args, ended.code, ended.err]).toEqual([args, 0, '']);
  return ended.out;
}

/** Runs every pair, finds the best, compares it, checks out its model, and removes outs with gc. */
export async function sweep(rates: readonly number[], widths: readonly number[]): Promise<void> {
  const made = example();
  const models = new Map<string, string>();
  for (const rate of rates)
    for (const width of widths) {
      await out(made, 'run', '--set', `train.lr=${rate}`, '--set', `train.width=${width}`);
      models.set(`${rate} ${width}`, made.read('cache/out/model.json'));
    }
  const rows = async () =>
    JSON.parse(await out(made, 'results', 'train', '--sort', 'val.loss', '--json')) as Row[];
  const before = await rows();
  const losses = before.map(({ metrics }) => metrics['val.loss'] as number);
  expect(losses).toHaveLength(rates.length * widths.length);
  expect(losses).toEqual([...losses].sort((a, b) => a - b));
  const [best, worst] = [before[0] as Row, before.at(-1) as Row];

  const diff = ['results', 'diff', best.key, worst.key.slice(0, 12), '--json'];
  const names = async () =>
    (JSON.parse(await out(made, ...diff)).differences as { name: string }[]).map(
      ({ name }) => name,
    );
  const differing = Object.keys(best.params).filter(
    (name) => best.params[name] !== worst.params[name],
  );
  const expected = [...differing.map((name) => `params.${name}`), 'metrics.val.loss'];
  expect(await names()).toEqual(expect.arrayContaining(expected));
  expect(await names()).not.toContain('code');

  const workspace = made.read('cache/out/model.json');
  await out(made, 'checkout', best.key.slice(0, 10), 'best');
  expect(readdirSync(made.path('best'))).toContain('model.json');
  const { 'train.lr': rate, 'train.width': width } = best.params;
  expect(readFileSync(made.path('best/model.json'), 'utf8')).toBe(models.get(`${rate} ${width}`));
  expect(made.read('cache/out/model.json')).toBe(workspace);

  // gc keeps new results, the current one, and those of the last three runs.
  age(made);
  await out(made, 'cache', 'gc', '--max-size', '1');
  const after = await rows();
  expect(after.map(({ key, metrics }) => [key, metrics])).toEqual(
    before.map(({ key, metrics }) => [key, metrics]),
  );
  const removed = after.filter(({ state }) => state === 'removed');
  const newest = [...models.keys()].slice(-3);
  expect(removed).toHaveLength(models.size - new Set([...newest, TODAY]).size);
  expect(await names()).toEqual(expect.arrayContaining(expected));
  const refused = await made.pipe('checkout', (removed[0] as Row).key, 'again');
  expect([refused.code, refused.err.includes('gc removed its outs')]).toEqual([2, true]);

  const { 'train.lr': lost, 'train.width': units } = (removed[0] as Row).params;
  await out(made, 'run', '--set', `train.lr=${lost}`, '--set', `train.width=${units}`);
  expect(made.read('cache/out/model.json')).toBe(models.get(`${lost} ${units}`));
}
