import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sandbox } from './sandbox.js';

const STAGE = `import { defineStage } from 'pipe-run/stage';
import sharp from 'sharp';
import { blur } from './lib/blur.js';
import table from './table.json' with { type: 'json' };

/** What it does. */
export default defineStage(async () => {
  const sigma = 1.5; // in pixels
  return [blur(sigma), table, sharp];
});
`;
const BLUR = `import type { Image } from './image.js';

export function blur(sigma: number): Image {
  return { sigma, kernel: 'gauss' };
}

export function sharpen(amount: number): Image {
  return { sigma: -amount, kernel: 'laplace' };
}
`;

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox({
    'stage.ts': STAGE,
    'lib/blur.ts': BLUR,
    'lib/image.ts': 'export interface Image { sigma: number; kernel: string }\n',
    'table.json': '{ "a": 1, "b": [1, 2] }',
  });
  sandbox.install('.', 'sharp', '1.0.0');
});

afterEach(() => sandbox.dispose());

type Change = (sandbox: Sandbox) => void;

const counts: Readonly<Record<string, Change>> = {
  'a constant': (box) => box.edit('stage.ts', '1.5', '2.5'),
  'a string': (box) => box.edit('lib/blur.ts', "'gauss'", "'box'"),
  'an imported JSON value': (box) => box.edit('table.json', '[1, 2]', '[1, 3]'),
  'another module imported': (box) => {
    box.write('lib/other.ts', 'export const blur = (x: number) => x;\n');
    box.edit('stage.ts', './lib/blur.js', './lib/other.js');
  },
  'a side effect added to a helper': (box) => box.edit('lib/blur.ts', '\n', '\nprocess.umask();\n'),
};

const doesNotCount: Readonly<Record<string, Change>> = {
  'a comment': (box) => box.edit('stage.ts', '// in pixels', '// in px'),
  'the older name of the door': (box) => box.edit('stage.ts', 'pipe-run/stage', 'pipe/stage'),
  'a documentation comment': (box) => box.edit('stage.ts', 'What it does', 'What else it does'),
  'a comment of a licence': (box) =>
    box.write('lib/blur.ts', `/*! @license MIT */\n${box.read('lib/blur.ts')}`),
  indentation: (box) => box.write('stage.ts', box.read('stage.ts').replaceAll('  ', '\t')),
  'line breaks within an object': (box) =>
    box.edit('lib/blur.ts', '{ sigma, kernel:', '{\n    sigma,\n    kernel:'),
  'quotes and semicolons': (box) =>
    box.write('stage.ts', box.read('stage.ts').replaceAll("'", '"').replaceAll(';\n', '\n')),
  'line ends of Windows': (box) =>
    box.write('stage.ts', box.read('stage.ts').replaceAll('\n', '\r\n')),
  'a type': (box) => box.edit('lib/image.ts', 'kernel: string', 'kernel: string; more?: number'),
  'a type annotation': (box) => box.edit('lib/blur.ts', '(sigma: number)', '(sigma: any)'),
  'an export that no code uses': (box) => box.edit('lib/blur.ts', "'laplace'", "'sobel'"),
  'layout of a JSON file': (box) => box.write('table.json', '{"a":1,\n\n"b":[1,2]}\n'),
  'a file that no code imports': (box) => box.write('lib/unused.ts', 'export const x = 1;\n'),
  'the rest of package.json': (box) =>
    box.write('package.json', '{ "type": "module", "name": "x", "version": "9.0.0" }'),
  'the text of a package of the same version': (box) =>
    box.write('node_modules/sharp/main.js', 'export default 1;\n'),
  'where a package is installed': (box) => {
    box.install('..', 'sharp', '1.0.0');
    box.remove('node_modules');
  },
};

describe('the digest of a bundle', () => {
  it.each(Object.entries(counts))('changes with a change of %s', async (_name, change) => {
    const before = await sandbox.digest();
    change(sandbox);
    expect(await sandbox.digest()).not.toBe(before);
  });

  it.each(Object.entries(doesNotCount))(
    'does not change with a change of %s',
    async (_, change) => {
      const before = (await sandbox.trace()).code;
      change(sandbox);
      expect((await sandbox.trace()).code).toEqual(before);
    },
  );

  it('does not depend on the location of the project or the current folder', async () => {
    const before = (await sandbox.trace()).code;
    sandbox.move('some where/else ü');
    const cwd = process.cwd();
    process.chdir(sandbox.path('lib'));
    try {
      expect((await sandbox.trace()).code).toEqual(before);
    } finally {
      process.chdir(cwd);
    }
  });

  it('is the same through a symbolic link to the project', async () => {
    const before = (await sandbox.trace()).code;
    sandbox.link(sandbox.root, '../linked');
    sandbox.root = path.join(sandbox.home, 'linked');
    expect((await sandbox.trace()).code).toEqual(before);
  });

  it('does not contain package versions, which the list of packages has', async () => {
    const before = (await sandbox.trace()).code;
    sandbox.install('.', 'sharp', '1.0.1');
    const after = (await sandbox.trace()).code;
    expect(before.packages).toEqual({ sharp: '1.0.0' });
    expect(after).toEqual({ ...before, packages: { sharp: '1.0.1' } });
  });
});

describe('the files of a trace', () => {
  it('are those that the entry reaches, without types, each with a file that imports it', async () => {
    const { files, importers } = await sandbox.trace();
    expect(Object.keys(files)).toEqual(['lib/blur.ts', 'stage.ts', 'table.json']);
    expect(importers).toEqual({ 'lib/blur.ts': 'stage.ts', 'table.json': 'stage.ts' });
  });

  it('have digests that show which of them changed', async () => {
    const before = (await sandbox.trace()).files;
    sandbox.edit('stage.ts', '// in pixels', '// in px');
    sandbox.edit('lib/blur.ts', "'gauss'", "'box'");
    sandbox.write('table.json', '{"a":1,"b":[1,2]}');
    const after = (await sandbox.trace()).files;
    const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
    expect(changed).toEqual(['lib/blur.ts']);
  });

  it('have importers in a cycle too', async () => {
    sandbox.write('stage.ts', "import { a } from './a.js';\nexport default () => a(3);\n");
    sandbox.write(
      'a.ts',
      "import { b } from './b.js';\nexport const a = (n: number): number => (n < 0 ? n : b(n));\n",
    );
    sandbox.write(
      'b.ts',
      "import { a } from './a.js';\nexport const b = (n: number): number => a(n - 2);\n",
    );
    const { importers } = await sandbox.trace();
    expect(importers).toEqual({ 'a.ts': 'stage.ts', 'b.ts': 'a.ts' });
    expect(await sandbox.execute()).toBe(-1);
  });
});
