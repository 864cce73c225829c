/** An interrupt cleanly ends an endless read of inputs. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BIN, outcomeOf, Project, surroundings } from '../rig/project.js';
import { until } from '../rig/until.js';

const PRELOAD = fileURLToPath(new URL('support/endless-tree.cjs', import.meta.url));

/** With a folder whose walk never ends, while the preload is loaded. */
function endlessTree(pipeline: string): Project {
  const project = new Project({ 'pipeline.yaml': pipeline });
  onTestFinished(() => project.dispose());
  for (let row = 0; row < 100; row++) project.write(`endless/${row}/.keep`, '');
  project.env.NODE_OPTIONS = `--require ${PRELOAD}`;
  return project;
}

/** Absolute paths of the objects in its cache. */
function objectsOf(project: Project): string[] {
  return readdirSync(project.path('cache/v1/objects'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

describe('an interrupt cleanly ends', () => {
  it.each([[[]], [['--dry']], [['--frozen']]])(
    'a run that walks an endless tree for a pattern: %j',
    async (options) => {
      const project = endlessTree(`
stages:
  quick: { cmd: echo x > quick.txt, outs: [quick.txt] }
  walks: { cmd: echo x > out.txt, deps: ["endless/**/*.txt"], outs: [out.txt] }
`);
      project.write('endless.on', '');
      const running = project.start('run', '--json', ...options);
      await running.event(({ type }) => type === 'run');
      running.kill('SIGINT');
      const { code, out, err } = await running.ended;
      const { items, summary } = outcomeOf(out);
      expect(err).toBe('');
      expect(code).toBe(130);
      expect(items.walks).toMatchObject({ verdict: 'cancelled', reason: 'interrupted' });
      expect(summary).toMatchObject({ type: 'summary', ran: 0, failed: 0 });
    },
  );

  it('a run that walks such a tree after an item has run, and keeps its result', async () => {
    const project = endlessTree(`
stages:
  first: { cmd: echo x > first.txt; echo > endless.on, outs: [first.txt] }
  walks: { cmd: echo x > out.txt, deps: [first.txt, "endless/**/*.txt"], outs: [out.txt] }
`);
    project.write('endless/1/a.txt', '');
    const running = project.start('run', '--json');
    await running.event((event) => event.type === 'item' && event.item === 'first');
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    const { items } = outcomeOf(out);
    expect([items.first?.verdict, items.walks?.verdict]).toEqual(['ran', 'cancelled']);
    project.remove('endless.on');
    const next = await project.run();
    expect([next.items.first?.verdict, next.items.walks?.verdict]).toEqual(['fresh', 'ran']);
  });

  it('a read-only command', async () => {
    const project = endlessTree(
      'stages: { walks: { cmd: echo x > out.txt, deps: ["endless/**/*.txt"], outs: [out.txt] } }\n',
    );
    project.write('endless.on', '');
    project.env.ENDLESS_TELLS = '1';
    const running = project.start('status');
    await running.errorText((text) => text.includes('walking'));
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });

  it('a run that reads an input of terabytes', async () => {
    const project = new Project({
      'pipeline.yaml': 'stages: { a: { cmd: echo x > out.txt, deps: [big], outs: [out.txt] } }\n',
      big: '',
    });
    onTestFinished(() => project.dispose());
    truncateSync(project.path('big'), 4 * 2 ** 40);
    const running = project.start('run', '--json');
    await running.event(({ type }) => type === 'run');
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    expect(outcomeOf(out).items.a?.verdict).toBe('cancelled');
  });

  it('a run or a checkout that copies a result of terabytes, and leaves nothing of it', async () => {
    const project = new Project({
      'pipeline.yaml': 'stages: { a: { cmd: head -c 3000000 /dev/zero > big, outs: [big] } }\n',
    });
    onTestFinished(() => project.dispose());
    await project.run();
    const object = objectsOf(project)[0] as string;
    chmodSync(object, 0o600);
    truncateSync(object, 4 * 2 ** 40);
    project.remove('big');
    const running = project.start('run', '--json');
    await running.event(({ type }) => type === 'start');
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect([code, outcomeOf(out).items.a?.verdict]).toEqual([130, 'cancelled']);
    expect(existsSync(project.path('big'))).toBe(false);

    const copies = () => readdirSync(project.root).filter((name) => name.startsWith('copy'));
    const copying = project.start('checkout', 'a', 'copy');
    await until(() => copies().length > 0);
    copying.kill('SIGINT');
    expect((await copying.ended).code).toBe(130);
    expect(copies()).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'a run that reads code, when the terminal interrupts esbuild too: %s',
    async (signal) => {
      const project = new Project({
        'pipeline.yaml': 'stages: { a: { run: stage.ts, outs: [out.txt] } }\n',
        'stage.ts': "export { default } from './lib/inner.ts';\n",
        'lib/inner.ts': 'export default () => {};\n',
      });
      onTestFinished(() => project.dispose());
      // esbuild itself reads it, and waits.
      const fifo = project.path('lib/tsconfig.json');
      execFileSync('mkfifo', [fifo]);
      const child = spawn(process.execPath, [BIN, 'run'], {
        cwd: project.root,
        env: surroundings(project.env),
        detached: true,
      });
      const told = text(child.stderr);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const handle = await open(fifo, 'w');
      process.kill(-(child.pid as number), signal);
      expect([await ended, await told]).toEqual([130, '']);
      await handle.close();
    },
  );
});
