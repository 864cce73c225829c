/** docs/pipeline.md: its example gives the plan that it describes, and its table has every key. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STAGE_KEYS } from '../../src/pipeline/document/pipeline-schema.js';
import { itemOf, needsOf, planOf } from '../pipeline/rig.js';

const page = readFileSync(
  fileURLToPath(new URL('../../docs/pipeline.md', import.meta.url)),
  'utf8',
);

describe('docs/pipeline.md', () => {
  it('has an example that loads', () => {
    const plan = planOf(/```yaml\n([\s\S]*?)```/.exec(page)![1]!, { profiles: ['paper'] });
    expect(plan.items.map(({ id }) => id)).toEqual([
      'clean@faces',
      'clean@animals',
      'train@faces',
      'train@animals',
      'report',
    ]);
    expect(needsOf(plan, 'report')).toEqual(['train@faces', 'train@animals']);
    expect(itemOf(plan, 'train@faces')).toMatchObject({
      action: {
        command: 'python3 train.py --rate 0.001 cache/out/faces/images cache/out/faces/model.bin',
      },
      epochs: { target: 350, param: 'train.epochs' },
    });
  });

  it('lists exactly the keys of a stage', () => {
    const table = /## The keys of a stage\n([\s\S]*?)\n## /.exec(page)![1]!;
    const cells = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell!);
    const keys = cells.flatMap((cell) => [...cell.matchAll(/`([a-z]+)`/g)].map(([, key]) => key!));
    expect(keys.sort()).toEqual([...STAGE_KEYS].sort());
  });
});
