/** docs/python.md shows the PyTorch example as it is. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the PyTorch loop is examples/python-torch', () => {
  const page = readFileSync(`${root}/docs/python.md`, 'utf8');
  const script = readFileSync(`${root}/examples/python-torch/train.py`, 'utf8');
  expect(page).toContain(`\`\`\`python\n${script}\`\`\``);
});
