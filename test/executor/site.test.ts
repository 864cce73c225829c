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

function mistakesIn(text: string): readonly string[] {
  try {
    siteOf(text);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const texts = error.diagnostics.map(renderDiagnostic);
    return texts.map((each) => each.replace(/\n.*\n.*~+/, ''));
  }
}

it('has defaults without a file', () => {
  expect(siteOf(undefined).slurm).toEqual({
    flags: [],
    jobs: 50,
    setup: '',
    checkout: '',
    latency: 60,
  });
});

it('reads the file that docs/guides/cluster.md shows, and PIPE_SLURM after it', () => {
  const page = new URL('../../docs/guides/cluster.md', import.meta.url);
  const block = /```yaml\n(slurm:\n[\s\S]*?)```/.exec(readFileSync(page, 'utf8'))?.[1];
  expect(siteOf(block, { PIPE_SLURM: '--qos=long' }).slurm).toEqual({
    flags: ['--partition=gpu', '--account=lab', '--qos=long'],
    jobs: 50,
    setup: 'module load cuda',
    checkout: '',
    latency: 60,
  });
});

it('reads the executors that docs/guides/cluster.md describes', () => {
  const page = new URL('../../docs/guides/cluster.md', import.meta.url);
  const block = /```yaml\n(executors:\n[\s\S]*?)```/.exec(readFileSync(page, 'utf8'))?.[1];
  expect(siteOf(block).described.get('sge')).toMatchObject({
    jobs: 50,
    cancel: 'qdel ${ids}',
    options: { after: '-hold_jid ${after}' },
  });
});

it('shows all mistakes in the description of an executor', () => {
  const text = `executors:
  sge: { submit: "qsub \${script}", status: "qstat \${user}", options: { core: 1 } }
  slurm: {}
  pbs: { submit: [qsub], status: qstat, cancel: qdel }
`;
  expect(mistakesIn(text)).toEqual([
    'pipe.local.yaml:2:3: error: an executor needs the command "cancel" (missing-key)\n  such as `cancel: qdel ${ids}`',
    'pipe.local.yaml:2:18: error: the command does not use "${name}" (wrong-value)\n  add ${name} to it',
    'pipe.local.yaml:2:44: error: unknown value "${user}" (wrong-value)\n  it takes none; write $user for a shell variable',
    'pipe.local.yaml:2:72: error: unknown key "core" (unknown-key)\n  known keys are: cpu, memory, gpu, time, after',
    'pipe.local.yaml:3:3: error: "slurm" is a built-in executor of pipe (wrong-value)\n  choose another name',
    'pipe.local.yaml:4:18: error: expected a command, got a list (wrong-value)\n  write it as in a shell',
    'pipe.local.yaml:4:49: error: the command does not use "${ids}" (wrong-value)\n  add ${ids} to it',
  ]);
});

it('shows all mistakes of the file with their places', () => {
  const text = 'slurm:\n  jobs: many\n  flag: -p gpu\n  flags: [-p, gpu]\nslrum: {}\n';
  expect(mistakesIn(text)).toEqual([
    'pipe.local.yaml:2:9: error: expected a whole number of at least 1, got the text "many" (wrong-value)',
    'pipe.local.yaml:3:3: error: unknown key "flag" (unknown-key)\n  did you mean "flags"?',
    'pipe.local.yaml:4:10: error: expected a text with options of sbatch, got a list (wrong-value)',
    'pipe.local.yaml:5:1: error: unknown key "slrum" (unknown-key)\n  did you mean "slurm"?',
  ]);
});
