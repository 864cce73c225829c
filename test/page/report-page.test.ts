/** `pipe report`: one file that shows a pipeline; test/slow/ opens it in a browser. */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../rig/project.js';
import { FILES } from './demo.js';

const SECRET = 'hush-5ecret-value';

let project: Project;
beforeAll(async () => {
  project = new Project(FILES);
  project.env.TOKEN = SECRET;
  await project.pipe('run', '-k');
  expect(await project.pipe('report')).toMatchObject({ code: 0, out: 'cache/report.html\n' });
});
afterAll(() => project.dispose());

describe('pipe report', () => {
  it('writes one file without the values of secrets, and leaves the pipeline as it is', async () => {
    const text = project.read('cache/report.html');
    expect(text).not.toContain(SECRET);
    expect(text).toContain('the token is ***');
    expect(text).toMatch(
      /http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
    );
    const { out } = await project.pipe('status', 'train');
    expect(out.match(/fresh/g)).toHaveLength(2);
  });

  it('refuses a file that the pipeline reads or writes, and reports one that cannot be written', async () => {
    const taken = await project.pipe('report', '--out', 'cache/out/faces/raw.txt');
    expect(taken).toMatchObject({ code: 2, out: '' });
    expect(taken.err).toContain('cache/out/faces/raw.txt belongs to fetch@faces');
    const other = await project.pipe('report', '--out', 'pipeline.yaml');
    expect(other).toMatchObject({ code: 2, out: '' });
    expect(other.err).toBe(
      'error: --out cannot be pipeline.yaml: the file exists, and --out did not write it (option-value)\n  name another file, or remove this one\n',
    );
    for (const _ of ['first', 'again'])
      expect(await project.pipe('report', '--out', 'page')).toMatchObject({
        code: 0,
        out: 'page\n',
      });
    mkdirSync(project.path('folder'));
    const refused = await project.pipe('report', '--out', 'folder');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('folder cannot be written');
    const here = await project.pipe('report', '--out', '.');
    expect(here.err).toContain('pipe: error: . cannot be written');
  });
});
