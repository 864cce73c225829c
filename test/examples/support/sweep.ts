/** A sweep of the Python example, and what a user then asks of its results. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { projectWithin } from '../../rig/projects.js';

export const hasPython = spawnSync('python3', ['--version']).status === 0;

interface Row {
  readonly key: string;
  readonly state: string;
  readonly params: Record<string, number>;
  readonly metrics: Record<string, number>;
}

/** Runs every pair of a rate and a seed, then finds the best, compares it, and brings back its model. */
export async function sweep(rates: readonly number[], seeds: readonly number[]): Promise<void> {
  const made = projectWithin();
  const source = fileURLToPath(new URL('../../../examples/epochs-python', import.meta.url));
  cpSync(source, made.root, { recursive: true });
  const models = new Map<string, string>();
  for (const rate of rates)
    for (const seed of seeds) {
      const set = [`train.rate=${rate}`, `train.seed=${seed}`, 'train.epochs=3'];
      const { code, err } = await made.run(...set.flatMap((each) => ['--set', each]));
      expect([code, err]).toEqual([0, '']);
      models.set(`${rate} ${seed}`, made.read('cache/out/model.json'));
    }
  const rows = async () => {
    const { out, err } = await made.pipe('results', 'train', '--sort', 'loss', '--json');
    expect(err).toBe('');
    return JSON.parse(out) as Row[];
  };
  const before = await rows();
  const losses = before.map(({ metrics }) => metrics.loss as number);
  expect(before).toHaveLength(rates.length * seeds.length);
  expect(losses).toEqual([...losses].sort((a, b) => a - b));
  const [best, worst] = [before[0] as Row, before.at(-1) as Row];

  const { out } = await made.pipe('results', 'diff', best.key, worst.key.slice(0, 12), '--json');
  const { differences } = JSON.parse(out) as { differences: { name: string }[] };
  const names = differences.map(({ name }) => name);
  expect(names).toContain('params.train.rate');
  expect(names).toContain('metrics.loss');
  expect(names).not.toContain('code');

  const workspace = made.read('cache/out/model.json');
  const ended = await made.pipe('checkout', best.key.slice(0, 10), 'best');
  expect([ended.code, ended.err]).toEqual([0, '']);
  expect(readdirSync(made.path('best'))).toEqual(['model.json']);
  const { 'train.rate': rate, 'train.seed': seed } = best.params;
  expect(readFileSync(made.path('best/model.json'), 'utf8')).toBe(models.get(`${rate} ${seed}`));
  expect(made.read('cache/out/model.json')).toBe(workspace);

  expect((await made.pipe('cache', 'gc', '--max-age', '1s')).code).toBe(0);
  const after = await rows();
  expect(after.map(({ key, metrics }) => [key, metrics])).toEqual(
    before.map(({ key, metrics }) => [key, metrics]),
  );
}
