/** Help of the command line. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { folded, helpText } from '../../src/cli/help.js';
import { BIN } from '../rig/project.js';
import { project } from '../rig/projects.js';

it('`pipe help run` is `pipe run --help`', async () => {
  const made = project();
  const [help, same] = await Promise.all([made.pipe('help', 'run'), made.pipe('run', '--help')]);
  expect(help).toEqual(same);
  expect(help.out).toContain('usage: pipe run [options]');
  expect(help.code).toBe(0);
});

it('a subcommand has its own help', async () => {
  const made = project();
  const { out } = await made.pipe('cache', 'gc', '--help');
  expect(out).toContain('usage: pipe cache gc [options]\n');
  expect(out).toMatch(/^ +--max-size <size> +the size limit, such as 50G$/m);
  expect(out).not.toContain('--repair');
  for (const name of ['metrics', 'params']) {
    const diff = await made.pipe('help', name, 'diff');
    expect(diff.out).toContain(`usage: pipe ${name} diff [options] [revision [revision]]\n`);
    expect(diff.out).toMatch(/^ +--all +include what is equal$/m);
  }
});

it('describes a command in a sentence, and an option in a phrase', async () => {
  for (const { load } of Object.values(COMMANDS)) {
    const { command } = await load();
    for (const { summary } of [command, ...(command.parts ?? [])])
      expect(summary).toMatch(/^[A-Z][a-z]+s .*\.$/s);
    for (const { help } of command.options) expect(help).toMatch(/^[^A-Z].*[^.]$/);
  }
});

it.each([40, 80])('fits into a terminal of %d columns, with the same words', async (columns) => {
  const wordsOf = (text: string) => text.split(/\s+/);
  for (const { load } of Object.values(COMMANDS)) {
    const text = helpText((await load()).command);
    const narrow = folded(text, columns);
    expect(wordsOf(narrow)).toEqual(wordsOf(text));
    // The left part of an option is one unit, and so is a word.
    for (const line of narrow.split('\n'))
      if (line.length > columns) expect(line.trim()).toMatch(/^(?:\S+|.* {2,}\S+)$/);
  }
  expect(folded('a text\n', columns)).toBe('a text\n');
});

it('an unknown command is a user error that suggests the closest one', async () => {
  const { code, err } = await project().pipe('statsu');
  expect([code, err]).toEqual([
    2,
    'error: unknown command "statsu" (unknown-command)\n  did you mean "pipe status"?\n',
  ]);
});

it('a working directory that was deleted is a user error', async () => {
  const made = project();
  const script = `mkdir gone && cd gone && rmdir ../gone && exec "${process.execPath}" "${BIN}" run`;
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: made.root, encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    2,
    'error: the current folder no longer exists (no-folder)\n  cd to a folder that exists\n',
  ]);
});
