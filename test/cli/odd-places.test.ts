/** Paths through files and links: as the system reads them, and never an internal error. */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { answerIn } from '../rig/within.js';

const PIPELINE = `stages: { s: { cmd: "echo 1 > \${outs.o}", outs: { o: out.txt } } }\n`;

const COMMANDS = [
  '--file % run',
  '-C % run',
  'run --summarize %',
  'report --out %',
  'checkout s %',
  'init --from %',
];

/** Below a file, a link in a circle, below such a link, and a name that is too long. */
const PLACES = ['file/x', 'loop', 'loop/x', `${'x'.repeat(300)}/x`];

function withOddPlaces(): Project {
  const made = project({ 'pipeline.yaml': PIPELINE, file: '' });
  symlinkSync('loop', made.path('loop'));
  return made;
}

describe.each(PLACES)('%s', (place) => {
  it('is refused as the path of a command', async () => {
    const made = withOddPlaces();
    await answerIn(made, 'run');
    for (const command of COMMANDS) {
      const { code, err } = await made.pipe(...command.replace('%', place).split(' '));
      expect(err).not.toContain('internal error');
      expect(err).toContain('error: ');
      expect([command, [1, 2].includes(code ?? 0)]).toEqual([command, true]);
    }
  });

  it('is refused as the cache folder', async () => {
    const made = withOddPlaces();
    made.env.PIPE_CACHE = made.path(place);
    const { code, out, err } = await made.pipe('run');
    expect(out + err).not.toContain('internal error');
    expect(out).not.toContain('1 ran');
    // Only the system knows how long a name may be.
    if (place.length > 255) expect([code, err]).toEqual([1, expect.stringContaining('too long')]);
    else expect([code, err]).toEqual([2, expect.stringContaining('(cache-folder)')]);
  });
});

describe('`link/..`', () => {
  /** A link to `far/deep`, and a second project in `far`. */
  async function withLink(): Promise<Project> {
    const made = project({ 'pipeline.yaml': PIPELINE, 'far/pipeline.yaml': PIPELINE });
    mkdirSync(made.path('far/deep'));
    symlinkSync('far/deep', made.path('link'));
    await answerIn(made, 'run');
    return made;
  }

  it.each([
    ['run --summarize link/../new', 'new'],
    ['report --out link/../new', 'new'],
    ['stage types --out link/../new', 'new'],
    ['checkout s link/../new', 'new'],
    ['checkout s far/../link/../new', 'new'],
    ['verify --report link/../new.md', 'new.md'],
    ['--file link/../pipeline.yaml run', 'out.txt'],
    ['-C link/.. run', 'out.txt'],
  ])("is the folder above the link's target in `pipe %s`", async (command, file) => {
    const made = await withLink();
    const { err } = await made.pipe(...command.split(' '));
    expect(err).not.toContain('error: ');
    expect(existsSync(made.path(`far/${file}`))).toBe(true);
  });

  it("is the folder above the link's target in PIPE_CACHE", async () => {
    const made = await withLink();
    made.env.PIPE_CACHE = 'link/../store';
    expect((await made.run()).with('ran')).toEqual(['s']);
    expect((await made.run()).with('fresh')).toEqual(['s']);
    expect(existsSync(made.path('far/store/v1'))).toBe(true);
  });

  it('is an ordinary path if the link leads nowhere', async () => {
    const made = await withLink();
    symlinkSync('absent', made.path('broken'));
    await made.pipe('run', '--summarize', 'broken/../new');
    expect(existsSync(made.path('new'))).toBe(true);
  });
});

describe.each(['file', 'circular link'])('a %s', (kind) => {
  const folders = ['', 'locks', 'logs', 'tmp', 'v1', 'v1/objects', 'v1/records'];

  it.each(folders)('is refused instead of the folder cache/%s', async (folder) => {
    const made = project({ 'pipeline.yaml': PIPELINE });
    const at = path.join(made.root, 'cache', folder);
    mkdirSync(path.dirname(at), { recursive: true });
    if (kind === 'file') writeFileSync(at, '');
    else symlinkSync(at, at);
    const { code, out, err } = await made.pipe('run');
    expect(out + err).not.toContain('internal error');
    expect([[1, 2].includes(code ?? 0), out.includes('1 ran')]).toEqual([true, false]);
    rmSync(at);
    expect((await made.pipe('run')).out).toContain('1 ran');
  });
});
