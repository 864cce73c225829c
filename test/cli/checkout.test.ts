/** `pipe results diff` and `pipe checkout`: any result by name, compared and copied out. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `params: { lr: 3 }
stages:
  train:
    cmd: >-
      printf '{"loss":%s}' \${lr} > \${outs.m}; mkdir -p \${outs.model}/in;
      echo \${lr} > \${outs.model}/in/a; chmod +x \${outs.model}/in/a; ln -s in/a \${outs.model}/b
    params: [lr]
    outs: { model: cache/out/model }
    metrics: { m: cache/out/m.json }
`;

async function swept(...rates: string[]): Promise<Project> {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  for (const rate of rates) await made.run('--set', `lr=${rate}`);
  await made.run();
  return made;
}

async function keyOf(made: Project, rate: number): Promise<string> {
  const { out } = await made.pipe('results', '--filter', `lr=${rate}`, '--json');
  return (JSON.parse(out) as { key: string }[])[0]?.key as string;
}

function git(made: Project, ...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  execFileSync('git', [...identity, ...args], { cwd: made.root, stdio: 'pipe' });
}

async function refusal(made: Project, ...args: string[]): Promise<string> {
  const { code, err, out } = await made.pipe(...args);
  expect([code, out]).toEqual([2, '']);
  return err;
}

describe('pipe results diff', () => {
  it('shows how two results differ, in params, metrics and outs', async () => {
    const made = await swept('1');
    const { out } = await made.pipe('results', 'diff', (await keyOf(made, 1)).slice(0, 8), 'train');
    const lines = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[1]).toEqual(['params.lr', '1', '3', '+2 (+200 %)']);
    // Two executions may have taken the same time.
    const names = lines.map(([name]) => name).filter((name) => name !== 'seconds');
    expect(names).toEqual([
      'name',
      'params.lr',
      'command',
      'metrics.loss',
      'outs.model',
      'outs.m',
      '',
    ]);
  });

  it('compares only what the index knows of a result that gc removed, and says so', async () => {
    const made = await swept('1');
    const key = await keyOf(made, 1);
    await made.pipe('results');
    made.remove(`cache/v1/records/${key.slice(0, 2)}/${key}.json`);
    const { out, err } = await made.pipe('results', 'diff', key, 'train', '--all');
    expect(out).toMatch(/^params\.lr +1 +3 /m);
    expect(out).not.toMatch(/^outs|^files/m);
    expect(err).toBe(
      `warning: gc removed ${key.slice(0, 10)}: its code files and outs are not compared\n`,
    );
  });

  it('prints Markdown and JSON, and with --all also equal values', async () => {
    const made = await swept('1');
    const key = await keyOf(made, 1);
    const json = JSON.parse((await made.pipe('results', 'diff', key, 'train', '--json')).out);
    expect(json.a).toEqual({ key, item: 'train', state: 'kept' });
    expect(json.differences[0]).toEqual({ name: 'params.lr', a: 1, b: 3 });
    const md = (await made.pipe('results', 'diff', key, 'train', '--all', '--md')).out;
    expect(md).toContain('| item | train | train |  |');
    expect((await made.pipe('results', 'diff', key, key)).out).toBe(
      'the two results do not differ\n',
    );
  });

  it('finds the result of a git revision by its pipeline.lock', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE, '.gitignore': 'cache\n.runtime\n' });
    await made.run();
    git(made, 'init', '-q', '-b', 'main');
    git(made, 'add', '-A');
    git(made, 'commit', '-qm', 'first');
    made.write('pipeline.yaml', PIPELINE.replace('lr: 3', 'lr: 4'));
    await made.run();
    const { out } = await made.pipe('results', 'diff', 'train@main', 'train', '--json');
    expect(JSON.parse(out).differences[0]).toEqual({ name: 'params.lr', a: 3, b: 4 });
    expect(await refusal(made, 'results', 'diff', 'train@no-such', 'train')).toContain('no-such');
    expect((await made.pipe('checkout', 'train@main@{0}', 'then')).code).toBe(0);
    expect(made.read('then/m.json')).toBe('{"loss":3}');
  });

  it('compares a result alone with the current one of its item', async () => {
    const made = await swept('1');
    const key = await keyOf(made, 1);
    const alone = await made.pipe('results', 'diff', key);
    expect(alone).toEqual(await made.pipe('results', 'diff', key, 'train'));
    expect(alone.out).toContain('params.lr');
    expect(await refusal(made, 'results', 'diff', 'train')).toBe(
      'error: train is the current result of its item: name another one to compare it with (no-item)\n' +
        '  `pipe results diff train train --all` shows it alone\n',
    );
  });

  it('refuses a name without a result, a name of several, and a missing name', async () => {
    const made = await swept();
    expect(await refusal(made, 'results', 'diff', 'trian', 'train')).toBe(
      'error: no result is called "trian" (no-result)\n  did you mean "train"?\n',
    );
    expect(await refusal(made, 'results', 'diff')).toContain('needs a result, or two');
    const none = projectWithin({ 'pipeline.yaml': PIPELINE });
    expect(await refusal(none, 'checkout', 'train', 'x')).toContain('train has no result yet');
  });
});

describe('pipe checkout', () => {
  it('says of an item without outs that it has none', async () => {
    const made = projectWithin({ 'pipeline.yaml': 'stages: { check: { cmd: "true" } }\n' });
    await made.run();
    expect(await refusal(made, 'checkout', 'check', 'x')).toContain('of check has no outs that');
  });

  it('writes the outs of another result, and leaves the workspace alone', async () => {
    const made = await swept('1');
    const { code, out } = await made.pipe('checkout', await keyOf(made, 1), 'deep/best');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^train, result \w{10}:\n {2}deep\/best\/model \(model, .*\)\n {2}deep\/best\/m.json \(m, 10 B\)\n$/,
    );
    expect(made.read('deep/best/m.json')).toBe('{"loss":1}');
    expect(made.read('deep/best/model/in/a')).toBe('1\n');
    expect(lstatSync(made.path('deep/best/model/in/a')).mode & 0o300).toBe(0o300);
    expect(readlinkSync(made.path('deep/best/model/b'))).toBe('in/a');
    expect(made.read('cache/out/m.json')).toBe('{"loss":3}');
    expect(readdirSync(made.path('deep'))).toEqual(['best']);
  });

  it('fills an empty folder, and refuses one that is not', async () => {
    const made = await swept();
    made.write('full/mine', 'x');
    made.write('file', 'x');
    made.write('empty/x', '');
    made.remove('empty/x');
    expect((await made.pipe('checkout', 'train', 'empty')).code).toBe(0);
    expect(await refusal(made, 'checkout', 'train', 'full')).toContain('is not empty');
    expect(await refusal(made, 'checkout', 'train', 'file')).toContain('is not a folder');
    expect(made.read('full/mine')).toBe('x');
  });

  it('refuses links, the cache, outs, and folders around the project', async () => {
    const made = await swept();
    made.write('real/x/y', '');
    made.remove('real/x/y');
    symlinkSync('real/x', made.path('link'));
    expect(await refusal(made, 'checkout', 'train', 'link')).toContain('is a link');
    expect(await refusal(made, 'checkout', 'train', 'link/new')).toContain(
      'is reached through a link',
    );
    expect(await refusal(made, 'checkout', 'train', 'cache/new')).toContain('is inside the cache');
    expect(await refusal(made, 'checkout', 'train', '.')).toContain('is not empty');
    expect(readdirSync(made.path('real/x'))).toEqual([]);
  });

  it('gives each out its own name, also where their names become the same', async () => {
    const outs = ['x/a.json', 'y/a.json', 'x_a.json'];
    const cmd = outs.map((each) => `echo ${each} > ${each}`).join('; ');
    const text = `stages:\n  t:\n    cmd: mkdir -p x y; ${cmd}\n    outs: [${outs}]\n`;
    const made = projectWithin({ 'pipeline.yaml': text });
    await made.run();
    expect(await made.pipe('checkout', 't', 'got')).toMatchObject({ code: 0, err: '' });
    const names = readdirSync(made.path('got'));
    expect(names.sort()).toEqual(['out_x_a.json', 'x_a.json', 'y_a.json']);
    expect(names.map((name) => made.read(`got/${name}`)).sort()).toEqual(
      outs.map((each) => `${each}\n`).sort(),
    );
  });

  it('ignores what a killed process of the same pid left, and keeps the usual mode', async () => {
    const made = await swept();
    made.write(`best.pipe-${process.pid}/m.json`, 'x');
    made.write('usual/x', '');
    expect((await made.pipe('checkout', 'train', 'best')).code).toBe(0);
    expect(lstatSync(made.path('best')).mode).toBe(lstatSync(made.path('usual')).mode);
    const names = readdirSync(made.root).filter((name) => name.startsWith('best'));
    expect(names).toEqual(['best', `best.pipe-${process.pid}`]);
  });

  it('leaves nothing when an object is damaged', async () => {
    const made = await swept('1');
    const key = await keyOf(made, 1);
    const { out } = await made.pipe('results', 'diff', key, 'train', '--json');
    const digest = (JSON.parse(out).differences as { name: string; a: string }[])
      .find(({ name }) => name === 'outs.m')
      ?.a.slice(2) as string;
    const object = made.path(`cache/v1/objects/${digest.slice(0, 2)}/${digest.slice(2)}`);
    chmodSync(object, 0o644);
    writeFileSync(object, '{"loss":9}');
    expect(await refusal(made, 'checkout', key, 'best')).toContain('cannot be checked out: ');
    expect(existsSync(made.path('best'))).toBe(false);
    expect(readdirSync(made.root).filter((name) => name.startsWith('best'))).toEqual([]);
  });

  it('says how to compute a removed result again', async () => {
    const made = await swept('1');
    const key = await keyOf(made, 1);
    made.remove('cache/v1/records');
    expect(await refusal(made, 'checkout', key, 'best')).toContain('gc removed its outs');
  });
});
