/** Axes whose values are read from files. */
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/pipeline/load.js';
import { folderWith } from '../folder.js';
import { mistakesIn, mistakesOf, planOf } from '../rig.js';

const pipeline = (axis: string, more = '') =>
  `params: { dir: data }\nstages:\n  a:\n    matrix: { sample: ${axis} }\n    cmd: echo \${sample}\n${more}`;

type Files = Readonly<Record<string, string>>;

const cells = (axis: string, files: Files) =>
  planOf(pipeline(axis), { files }).items.map(({ matrix }) => matrix.sample);

const mistake = (axis: string, files: Files = { 'data/a.fastq': '' }, more = '') =>
  mistakesOf(pipeline(axis, more), { files });

describe('an axis of what a pattern matches', () => {
  const files = {
    'data/b.fastq': '',
    'data/a.fastq': '',
    'data/notes.txt': '',
    'data/.hidden.fastq': '',
    'data/deep/c.fastq': '',
    'cache/out/d.fastq': '',
    'node_modules/e.fastq': '',
  };

  it('has the base names without the suffix in strip, sorted by name', () => {
    expect(cells('{ glob: "data/*.fastq", strip: ".fastq" }', files)).toEqual(['a', 'b']);
    expect(cells('{ glob: "data/*.fastq" }', files)).toEqual(['a.fastq', 'b.fastq']);
  });

  it('has the files in subfolders by their base names, and nothing from the folders of pipe and npm', () => {
    expect(cells('{ glob: "**/*.fastq", strip: .fastq }', files)).toEqual(['a', 'b', 'c']);
  });

  it('has folders too, without "**"', () => {
    expect(cells('{ glob: "data/d*" }', files)).toEqual(['deep']);
  });

  it('may have a param in the pattern', () => {
    expect(cells('{ glob: "${dir}/*.fastq", strip: .fastq }', files)).toEqual(['a', 'b']);
  });

  it('has texts, even if a name looks like a number', () => {
    expect(cells('{ glob: "data/*" }', { 'data/007': '', 'data/true': '' })) //
      .toEqual(['007', 'true']);
  });

  it('multiplies with other axes, and exclude may name values that do not exist today', () => {
    const text = `stages:
  a:
    matrix:
      sample: { glob: "data/*.fastq", strip: .fastq }
      n: [1, 2]
      exclude: [{ sample: b, n: 2 }, { sample: gone }]
    cmd: echo \${sample} \${n}
`;
    expect(planOf(text, { files }).items.map(({ id }) => id)).toEqual(['a@a,1', 'a@a,2', 'a@b,1']);
  });

  it('follows links to folders once, and none into the cache', () => {
    const folder = folderWith({ 'real/x.txt': '', 'cache/out/y.txt': '' });
    const at = (name: string) => path.join(folder, name);
    mkdirSync(at('data'));
    symlinkSync('../real', at('data/linked'));
    symlinkSync('.', at('data/circle'));
    symlinkSync('../cache/out', at('data/made'));
    symlinkSync('nowhere', at('data/dead'));
    const plan = loadPlan({ project: folder, text: pipeline('{ glob: "data/**/*.txt" }') });
    expect(plan.items.map(({ id }) => id)).toEqual(['a@x.txt']);
  });
});

describe('an axis of the lines of a file', () => {
  it('has one value for each line, without blank lines, comments and surrounding spaces', () => {
    const files = { 'samples.txt': '\uFEFF# header\r\nb\r\n\r\n  a b  \r\n  # no value\r\n007' };
    expect(cells('{ lines: samples.txt }', files)).toEqual(['b', 'a b', '007']);
  });
});

describe('a mistake in an axis of files', () => {
  it('is a pattern that matches nothing', () => {
    expect(mistake('{ glob: "data/*.fq" }')).toBe(
      `pipeline.yaml:4:31: error: nothing matches "data/*.fq", so the axis has no values (bad-axis)
        matrix: { sample: { glob: "data/*.fq" } }
                                  ~~~~~~~~~~~
  add a file, or correct the pattern: it begins at the folder of pipeline.yaml`,
    );
  });

  it('is two files that give one value', () => {
    expect(mistake('{ glob: "**/*.fq", strip: .fq }', { 'x/a.fq': '', 'y/a.fq': '' })).toContain(
      'x/a.fq and y/a.fq both give the value "a" (bad-axis)',
    );
  });

  it('is a file whose name cannot be a value, or that lacks the suffix to strip', () => {
    expect(mistake('{ glob: "data/*" }', { 'data/a,b': '' })).toContain(
      'data/a,b gives the value "a,b", which cannot be part of an item\'s name (bad-axis)',
    );
    expect(mistake('{ glob: "data/*", strip: .fastq }', { 'data/a.fastq': '', 'data/R': '' })) //
      .toContain('data/R does not end with ".fastq" (bad-axis)');
  });

  it('is a pattern without a wild card, outside the project, or in the cache', () => {
    expect(mistake('{ glob: data }')).toContain('for the entries of the folder, write "data/*"');
    expect(mistake('{ glob: "../*" }')).toContain('(path-outside)');
    expect(mistake('{ glob: "/data/*" }')).toContain('(path-outside)');
    expect(mistake('{ glob: "cache/out/*" }')).toContain('is written by runs');
  });

  it('is a file of lines that is missing, empty, or has a repeated or invalid value', () => {
    expect(mistake('{ lines: names.txt }')).toContain(
      'the file names.txt does not exist (missing-file)',
    );
    expect(mistake('{ lines: names.txt }', { 'names.txt': '# none\n' })).toContain(
      'pipeline.yaml:4:32: error: names.txt has no values for the axis (bad-axis)',
    );
    expect(mistake('{ lines: names.txt }', { 'names.txt': 'a\n b,c\n\na\n' })).toBe(
      `names.txt:2:2: error: the value "b,c" cannot be part of an item's name (bad-axis)
     b,c
     ~~~
  use a value that is not empty, has no space at either end, and contains no , @ * ? or line break

names.txt:4:1: error: the value "a" is already in line 1 (bad-axis)
    a
    ~
  remove one of them`,
    );
  });

  it('is an unknown key, or keys that cannot be combined', () => {
    expect(mistake('{ glob: "data/*", stripp: x }')).toContain('did you mean "strip"?');
    expect(mistake('{ line: names.txt }')).toContain('did you mean "lines"?');
    expect(mistake('{ glob: "data/*", lines: x }')).toContain('takes glob or lines, not both');
    expect(mistake('{ lines: x, strip: y }')).toContain('strip requires glob');
    expect(mistake('{}')).toContain('the axis names no files');
    expect(mistake('3')).toContain(
      'expected a list of values, a param such as ${datasets}, { glob',
    );
  });

  it('is an out among the files that match, today or after a run', () => {
    const stage = (out: string) => `  b: { cmd: "true", outs: [${out}] }\n`;
    const axis = '{ glob: "data/*.fastq" }';
    expect(mistake(axis, { 'data/a.fastq': '' }, stage('data/z.fastq'))).toBe(
      `pipeline.yaml:6:28: error: the out "data/z.fastq" is a file that "data/*.fastq" matches, which pipe reads as the values of an axis before anything runs (path-protected)
      b: { cmd: "true", outs: [data/z.fastq] }
                               ~~~~~~~~~~~~
  write to another path, or list the values of the axis: { lines: names.txt }`,
    );
    expect(mistake(axis, { 'data/a.fastq': '' }, stage('data'))).toContain('is or contains a file');
    expect(mistake('{ lines: l.txt }', { 'l.txt': 'a\n' }, stage('l.txt'))).toContain(
      'the out "l.txt" is a file that pipe reads before anything runs (path-protected)',
    );
  });

  it.skipIf(process.getuid?.() === 0)('is a folder that cannot be read', () => {
    const folder = folderWith({ 'data/a.txt': '' });
    const at = (name: string) => path.join(folder, name);
    chmodSync(at('data'), 0);
    const load = () => loadPlan({ project: folder, text: pipeline('{ glob: "data/*" }') });
    expect(mistakesIn(load)).toContain('the folder data cannot be read: permission denied');
    chmodSync(at('data'), 0o755);
  });
});
