/** `pipe ui`: what it serves and refuses; test/slow/ follows runs in a browser. */
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, type Running } from '../rig/project.js';
import { FILES } from './demo.js';
import { ask, ended, started } from './ui.js';

const SECRET = 'hush-5ecret-value';

/** A module that makes the system refuse port 4720, as a policy of the machine may. */
const FORBIDDEN = `
import { Server } from 'node:net';
const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  if (port !== 4720) return listen.call(this, port, ...rest);
  const error = Object.assign(new Error('listen EACCES'), { code: 'EACCES', syscall: 'listen' });
  process.nextTick(() => this.emit('error', error));
  return this;
};
`;

/** On a busy machine. */
const LONG = { timeout: 300_000 };

describe('the server of pipe ui', () => {
  let project: Project;
  let ui: Running;
  let port: number;
  beforeAll(async () => {
    project = new Project(FILES);
    project.env.TOKEN = SECRET;
    await project.pipe('run', '-k');
    [ui, port] = await started(project);
  });
  afterAll(async () => {
    expect(await ended(ui)).toBe(130);
    project.dispose();
  });

  it('serves the page and its data, with a strict policy and without secrets', async () => {
    const page = await ask(port, '/');
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    const data = await ask(port, '/data.json');
    expect(JSON.parse(data.body).items[0].id).toBe('fetch@faces');
    expect(data.body).not.toContain(SECRET);
  });

  it('serves a picture by its digest, in a sandbox', async () => {
    const { items } = JSON.parse((await ask(port, '/data.json')).body);
    const { pictures } = items.find(({ id }: { id: string }) => id === 'draw@faces');
    const picture = await ask(port, pictures[0].src);
    expect(picture.headers['content-type']).toBe('image/svg+xml');
    expect(picture.headers['content-security-policy']).toContain('sandbox');
    expect(picture.body).toContain('faces');
  });

  it('keeps the last known state if pipeline.yaml is invalid, and says what is wrong', async () => {
    const whole = project.read('pipeline.yaml');
    project.write('pipeline.yaml', `${whole}  oops: { cmdd: x }\n`);
    expect((await project.pipe('ui', '--port', '0')).code).toBe(2);
    const notes = async () => JSON.parse((await ask(port, '/data.json')).body).notes.join('\n');
    await expect.poll(notes, LONG).toContain('pipeline.yaml');
    expect(JSON.parse((await ask(port, '/data.json')).body).items[0].id).toBe('fetch@faces');
    project.write('pipeline.yaml', whole);
    await expect.poll(notes, LONG).toBe('');
  });

  it('reports a port that is taken or invalid', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const number = (taken.address() as AddressInfo).port;
    const { code, err } = await project.pipe('ui', '--port', String(number));
    taken.close();
    expect([code, err]).toEqual([2, expect.stringContaining(`port ${number} is taken`)]);
    expect((await project.pipe('ui', '--port', 'x')).code).toBe(2);
  });

  it('takes a free port if the system does not allow the default one', async () => {
    const other = new Project(FILES);
    other.env.NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(FORBIDDEN)}`;
    const { code, err } = await other.pipe('ui', '--port', '4720');
    expect([code, err]).toEqual([2, expect.stringContaining('port 4720 may not be used')]);
    const free = other.start('ui');
    await free.text((out) => /:\d+\/\n/.test(out));
    expect(free.told()).not.toContain(':4720/');
    expect(await ended(free)).toBe(130);
    other.dispose();
  });
});

it('a run with nothing to do writes no journal', async () => {
  const project = new Project({
    'pipeline.yaml': 'stages: { a: { cmd: "echo a > a.txt", outs: [a.txt] } }\n',
  });
  const journals = () => {
    const projects = project.path('cache/v1/projects');
    return readdirSync(projects).flatMap((name) => {
      const folder = path.join(projects, name, 'journals');
      return existsSync(folder) ? readdirSync(folder) : [];
    });
  };
  await project.pipe('run');
  expect(journals()).toHaveLength(1);
  await project.pipe('run');
  await project.pipe('run', '--json');
  await project.pipe('run', '--dry', '--force');
  expect(journals()).toHaveLength(1);
  project.dispose();
});
