/** Params that are read from files of the project. */
import { describe, expect, it } from 'vitest';
import { loadParams } from '../../src/pipeline/load.js';
import { paramLines } from '../../src/pipeline/params-report.js';
import { folderWith } from './folder.js';
import { itemOf, mistakesOf, planOf } from './rig.js';

const files = {
  'params.yaml': 'train: { epochs: 8, rate: 3.10 }\nseed: 007\ndatasets: [faces]\n',
  'conf/more.json': '{\n\t"train": { "epochs": 9 },\n\t"extra": [1, 2]\n}\n',
};

describe('params from a file', () => {
  it('are the map in the YAML file', () => {
    const { params } = planOf('params: params.yaml\nstages: {}\n', { files });
    expect(params).toEqual({ train: { epochs: 8, rate: 3.1 }, seed: 7, datasets: ['faces'] });
  });

  it('are those of all entries of a list, later ones overriding earlier ones part by part', () => {
    const text =
      'params:\n  - params.yaml\n  - conf/more.json\n  - { train: { new: x } }\nstages: {}\n';
    expect(planOf(text, { files }).params).toEqual({
      train: { epochs: 9, rate: 3.1, new: 'x' },
      seed: 7,
      datasets: ['faces'],
      extra: [1, 2],
    });
  });

  it('keep the text of their numbers', () => {
    const plan = planOf(
      'params: params.yaml\nstages: { a: { cmd: "echo ${seed} ${train.rate}" } }\n',
      { files },
    );
    expect(itemOf(plan, 'a').action).toMatchObject({ command: 'echo 007 3.10' });
  });

  it('are overridden by profiles and --set, and each value knows its file and line', () => {
    const text = 'params: params.yaml\nprofiles: { big: { seed: 8 } }\nstages: {}\n';
    const folder = folderWith({ ...files, 'pipeline.yaml': text });
    const tree = loadParams({
      project: folder,
      profiles: ['big'],
      set: ['train.epochs=50'],
    });
    expect(paramLines(tree)).toEqual([
      { path: 'train.epochs', value: 50, origin: '--set train.epochs=50' },
      { path: 'train.rate', value: 3.1, origin: 'params.yaml:1' },
      { path: 'seed', value: 8, origin: 'profile big, pipeline.yaml:2' },
      { path: 'datasets', value: ['faces'], origin: 'params.yaml:3' },
    ]);
  });

  it('may be an axis', () => {
    const text =
      'params: params.yaml\nstages: { a: { matrix: { d: "${datasets}" }, cmd: "echo ${d}" } }\n';
    expect(planOf(text, { files }).items.map(({ id }) => id)).toEqual(['a@faces']);
  });

  it('may be empty: the file or the list is empty', () => {
    expect(planOf('params: p.yaml\nstages: {}\n', { files: { 'p.yaml': '# none\n' } }).params) //
      .toEqual({});
    expect(planOf('params: []\nstages: {}\n').params).toEqual({});
  });
});

describe('a mistake in a file of params', () => {
  it('is shown in that file, after those of pipeline.yaml', () => {
    const text = 'params: params.yaml\nstages: { a: { cmd: "true", outt: x } }\n';
    expect(
      mistakesOf(text, { files: { 'params.yaml': 'a: 1\nb: { c: [1, 2 }\na: 2\n' } }),
    ).toBe(`pipeline.yaml:2:29: error: unknown key "outt" (unknown-key)
    stages: { a: { cmd: "true", outt: x } }
                                ~~~~
  did you mean "outs"?

params.yaml:2:9: error: "[" is not closed (yaml-syntax)
    b: { c: [1, 2 }
            ~
  put "]" after its last entry`);
  });

  it('is not followed by errors about params that it may contain', () => {
    const text = 'params: params.yaml\nstages: { a: { cmd: "echo ${x}", params: [y] } }\n';
    expect(mistakesOf(text, { files: { 'params.yaml': 'a: 1\na: 2\n' } })).toBe(
      `params.yaml:2:1: error: the key "a" is already used in line 1 (duplicate-key)
    a: 2
    ~
  remove one of them`,
    );
  });

  it('is a name that ${…} uses for something else', () => {
    expect(mistakesOf('params: [p.json]\nstages: {}\n', { files: { 'p.json': '{"outs": 1}' } })) //
      .toContain('p.json:1:2: error: a param cannot be called "outs"');
  });
});

describe('a path under params', () => {
  const mistake = (written: string, more = {}) =>
    mistakesOf(`params: ${written}\nstages: {}\n`, { files: { ...files, ...more } });

  it('that does not exist gets a suggestion', () => {
    expect(mistake('[params.yml]')).toBe(
      `pipeline.yaml:1:10: error: the file params.yml does not exist (missing-file)
    params: [params.yml]
             ~~~~~~~~~~
  did you mean "params.yaml"?`,
    );
    expect(mistake('nothing/like.it')).toContain('create it, or correct the path');
  });

  it('may not lead out of the project', () => {
    expect(mistake('../params.yaml')).toContain('"../params.yaml" leads out of the project');
    expect(mistake('/etc/params.yaml')).toContain('is an absolute path (path-outside)');
  });

  it('may not be a folder, another encoding or format, or a list', () => {
    expect(mistake('conf')).toContain(
      'conf is a folder, not a file (unreadable)\n    params: conf\n            ~~~~\n  name a file in it',
    );
    expect(mistake('l.yaml', { 'l.yaml': '- a\n' })).toContain(
      'l.yaml:1:1: error: l.yaml contains a list, but a params file contains a map (bad-params-file)',
    );
    expect(mistake('params.toml', { 'params.toml': '[train]\nlr = 0.1\n' })).toContain(
      'pipeline.yaml:1:9: error: params.toml is not YAML or JSON (bad-params-file)\n    params: params.toml\n            ~~~~~~~~~~~\n  convert it, or list it under the deps of the stages that read it',
    );
    expect(mistake('3')).toContain('expected a map of values, the path of a file with one');
    expect(mistake('[[a]]')).toContain('pipeline.yaml:1:10: error: expected a map of values');
  });

  it('may not be an out of a stage', () => {
    const text = (out: string) =>
      `params: ${out}\nstages: { a: { cmd: "true", outs: [${out}] } }\n`;
    expect(mistakesOf(text('params.yaml'), { files })).toBe(
      `pipeline.yaml:2:36: error: the out "params.yaml" is a file that pipe reads before anything runs (path-protected)
    stages: { a: { cmd: "true", outs: [params.yaml] } }
                                       ~~~~~~~~~~~
  outs are removed before a run: choose another path, such as one below cache/out/`,
    );
    expect(mistakesOf(text('cache/out/p.yaml'), { files })).toContain(
      '"cache/out/p.yaml" is written by runs, and pipe reads it before anything runs',
    );
  });
});
