/** pipe.local.yaml: what a site needs, and its mistakes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { renderDiagnostic, UserError } from '../../src/error.js';
import { readSite } from '../../src/executor/site.js';

function siteOf(text: string | undefined, env: Record<string, string> = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'pipe-site-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  if (text !== undefined) writeFileSync(path.join(root, 'pipe.local.yaml'), text);
  return readSite({ root, env });
}

it('has defaults without a file', () => {
  expect(siteOf(undefined).slurm).toEqual({ flags: [], jobs: 50, setup: '', latency: 60 });
});

it('reads the file that docs/guides/cluster.md shows, and PIPE_SLURM after it', () => {
  const page = new URL('../../docs/guides/cluster.md', import.meta.url);
  const block = /```yaml\n(slurm:\n[\s\S]*?)```/.exec(readFileSync(page, 'utf8'))?.[1];
  expect(siteOf(block, { PIPE_SLURM: '--qos=long' }).slurm).toEqual({
    flags: ['--partition=gpu', '--account=lab', '--qos=long'],
    jobs: 50,
    setup: 'module load cuda',
    latency: 60,
  });
});

it('shows all mistakes of the file with their places', () => {
  const text = 'slurm:\n  jobs: many\n  flag: -p gpu\nslrum: {}\n';
  const read = () => siteOf(text);
  expect(read).toThrow(UserError);
  try {
    read();
  } catch (error) {
    const texts = (error as UserError).diagnostics.map(renderDiagnostic);
    expect(texts.map((each) => each.replace(/\n.*\n.*~+/, ''))).toEqual([
      'pipe.local.yaml:2:9: error: expected a whole number of at least 1, got the text "many" (wrong-value)',
      'pipe.local.yaml:3:3: error: unknown key "flag" (unknown-key)\n  did you mean "flags"?',
      'pipe.local.yaml:4:1: error: unknown key "slrum" (unknown-key)\n  did you mean "slurm"?',
    ]);
  }
});
