/** docs/reference/: the pages match the definitions in the code. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/command.js';
import { pageOf, ROOT } from './support/pages.js';

it('commands, keys and events are those of src/: `npm run docs` writes them', () => {
  const check = spawnSync(process.execPath, ['docs.mjs', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([check.status, check.stderr]).toEqual([0, '']);
});

it('every key of pipeline.yaml has a meaning', () => {
  const { text } = pageOf('docs/reference/pipeline-keys.md');
  expect(text.match(/^\| `.*\|\s*(?:Required\.)? \|$/gm)).toBeNull();
});

it('every event and every field of an event has a description', () => {
  const { text } = pageOf('docs/reference/events.md');
  expect(text.match(/^\|.*\| *\|$/gm)).toBeNull();
  expect(text.match(/^## .*\n\n\|/gm)).toBeNull();
});

it('exit codes are those of every command', () => {
  const { text } = pageOf('docs/reference/exit-codes.md');
  const codes = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});

describe('docs/reference/environment.md', () => {
  const { text } = pageOf('docs/reference/environment.md');
  const listed = new Set(
    [...text.matchAll(/`([A-Z]+(?:_[A-Z\d]+)*)(?:=\w+)?`/g)].map(([, name]) => name!),
  );

  it('lists exactly the variables of pipe that the sources name', () => {
    const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.join(ROOT, 'src', file), 'utf8'));
    const named = new Set(
      sources.flatMap((source) => source.match(/\bPIPE_[A-Z_]*[A-Z]\b/g) ?? []),
    );
    expect([...listed].filter((name) => name.startsWith('PIPE_')).sort()).toEqual(
      [...named].sort(),
    );
  });

  it('lists every other variable that the sources read', () => {
    const source = [
      'src/main.ts',
      'src/cli/terminal.ts',
      'src/cli/verify-command.ts',
      'src/process/gpus.ts',
      'src/process/own-job.ts',
      'src/remote/aws-credentials.ts',
      'src/remote/open-store.ts',
    ]
      .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
      .join('\n');
    const read = source.matchAll(/\benv\.([A-Z_\d]+)\b|\b([A-Z_]+):|'([A-Z]+_JOB_?ID|JOB_ID)'/g);
    const names = [...read].map(([, a, b, c]) => a ?? b ?? c!).filter((name) => name.length > 1);
    expect(names).toContain('SLURM_JOB_ID');
    expect(names.filter((name) => !listed.has(name))).toEqual([]);
  });
});
