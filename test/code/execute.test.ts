import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});

afterEach(() => sandbox.dispose());

describe('the executable text', () => {
  it('finds packages of every kind from any folder', async () => {
    sandbox.install('.', 'plain', '1.0.0');
    sandbox.install('.', '@scope/named', '2.0.0', {
      exports: { '.': { import: './main.js', require: './main.cjs' }, './sub': './sub/x.js' },
    });
    sandbox.write('node_modules/@scope/named/sub/x.js', "export const x = 'sub';\n");
    sandbox.write('node_modules/@scope/named/main.cjs', "module.exports = 'required';\n");
    sandbox.install('.', 'old', '3.0.0', { type: 'commonjs', main: './lib' });
    sandbox.write('node_modules/old/lib/index.js', 'module.exports = { old: true };\n');
    sandbox.write('node_modules/old/lib/deep.js', "exports.deep = 'deep';\n");
    sandbox.write(
      'stage.ts',
      `import plain from 'plain';
      import named from '@scope/named';
      import { x } from '@scope/named/sub';
      import old from 'old';
      import { deep } from 'old/lib/deep.js';
      import { sep } from 'path';
      import * as os from 'node:os';
      import required from './required.cjs';
      export default async () => {
        const later = (await import('plain')).default;
        return [plain, named, x, old, deep, sep, typeof os.cpus, required, later];
      };`,
    );
    sandbox.write(
      'required.cjs',
      "module.exports = [require('@scope/named'), require('fs') !== 0];",
    );
    expect(await sandbox.execute()).toEqual([
      'plain@1.0.0',
      '@scope/named@2.0.0',
      'sub',
      { old: true },
      'deep',
      path.sep,
      'function',
      ['required', true],
      'plain@1.0.0',
    ]);
    const { code } = await sandbox.trace();
    expect(code.packages).toEqual({ plain: '1.0.0', '@scope/named': '2.0.0', old: '3.0.0' });
  });

  it('treats a builtin module the same with and without its scheme', async () => {
    sandbox.write('stage.ts', "import { sep } from 'path';\nexport default () => sep;\n");
    const before = await sandbox.digest();
    sandbox.edit('stage.ts', "'path'", "'node:path'");
    expect(await sandbox.digest()).toBe(before);
  });

  it('gives each importer its nested version of a package', async () => {
    sandbox.install('.', 'lib', '1.0.0');
    sandbox.install('inner', 'lib', '2.0.0');
    sandbox.write('inner/module.ts', "import lib from 'lib';\nexport const inner = lib;\n");
    sandbox.write(
      'stage.ts',
      "import lib from 'lib';\nimport { inner } from './inner/module.js';\nexport default () => [lib, inner];\n",
    );
    expect(await sandbox.execute()).toEqual(['lib@1.0.0', 'lib@2.0.0']);
    const { code } = await sandbox.trace();
    expect(code.packages).toEqual({ 'lib (.)': '1.0.0', 'lib (inner)': '2.0.0' });

    sandbox.install('inner', 'lib', '1.0.0');
    expect((await sandbox.trace()).code.packages).toEqual({ lib: '1.0.0' });
  });

  it('treats a workspace package and a linked folder as local code', async () => {
    sandbox.write(
      'packages/near/package.json',
      '{ "name": "near", "version": "1.0.0", "main": "n.ts" }',
    );
    sandbox.write(
      'packages/near/n.ts',
      "import dep from 'dep';\nexport const near = `near ${dep}`;\n",
    );
    sandbox.install('.', 'dep', '5.0.0');
    sandbox.link('../packages/near', 'node_modules/near');
    sandbox.write(
      '../far/package.json',
      '{ "name": "far", "version": "1.0.0", "exports": "./f.js", "type": "module" }',
    );
    sandbox.write('../far/f.js', "export { far } from './inner.js';\n");
    sandbox.write('../far/inner.js', "export const far = 'far';\n");
    sandbox.link('../../far', 'node_modules/far');
    sandbox.write(
      'stage.ts',
      "import { near } from 'near';\nimport { far } from 'far';\nexport default () => [near, far];\n",
    );
    expect(await sandbox.execute()).toEqual(['near dep@5.0.0', 'far']);

    const before = await sandbox.trace();
    expect(before.code.packages).toEqual({ dep: '5.0.0' });
    expect(Object.keys(before.files)).toEqual([
      '../far/f.js',
      '../far/inner.js',
      'packages/near/n.ts',
      'stage.ts',
    ]);
    sandbox.edit('packages/near/n.ts', 'near $', 'nearer $');
    const nearer = await sandbox.trace();
    expect(nearer.code.bundle).not.toBe(before.code.bundle);
    sandbox.edit('../far/inner.js', "'far'", "'farther'");
    expect((await sandbox.trace()).code.bundle).not.toBe(nearer.code.bundle);
  });

  it('knows the location of each local file', async () => {
    const places = (kind: 'esm' | 'cjs') =>
      kind === 'esm'
        ? '[import.meta.url, import.meta.dirname, import.meta.filename]'
        : '[__filename, __dirname]';
    sandbox.write(
      'stages/stage.mts',
      `#!/usr/bin/env node
      import { readFileSync } from 'node:fs';
      import { createRequire } from 'node:module';
      import { here } from './lib/here.js';
      import there from '../there.cjs';
      export default () => [
        ...${places('esm')}, ...here, ...there,
        readFileSync(new URL('./note.txt', import.meta.url), 'utf8'),
        createRequire(import.meta.url)('lib'),
        import.meta.resolve('lib'), import.meta.resolve('fs'), import.meta.resolve('./x.js'),
      ];`,
    );
    sandbox.write('stages/lib/here.js', `export const here = ${places('esm')};\n`);
    sandbox.write(
      'there.cjs',
      `/* first */ 'use strict'\nmodule.exports = [...${places('cjs')}, (() => this !== module.exports)()];\n`,
    );
    sandbox.write('stages/note.txt', 'a note');
    sandbox.install('.', 'lib', '1.0.0', { type: 'commonjs' });
    sandbox.write('node_modules/lib/main.js', "module.exports = 'lib';\n");
    const triple = (file: string) => {
      const absolute = sandbox.path(file);
      return [pathToFileURL(absolute).href, path.dirname(absolute), absolute];
    };
    expect(await sandbox.execute('stages/stage.mts')).toEqual([
      ...triple('stages/stage.mts'),
      ...triple('stages/lib/here.js'),
      sandbox.path('there.cjs'),
      sandbox.root,
      false,
      'a note',
      'lib',
      pathToFileURL(sandbox.path('node_modules/lib/main.js')).href,
      'node:fs',
      pathToFileURL(sandbox.path('stages/x.js')).href,
    ]);

    const before = (await sandbox.trace('stages/stage.mts')).code;
    sandbox.move('moved');
    expect((await sandbox.trace('stages/stage.mts')).code).toEqual(before);
    expect(await sandbox.execute('stages/stage.mts')).toContain(sandbox.path('there.cjs'));
  });

  it('imports assets by their type', async () => {
    sandbox.write(
      'stage.ts',
      `import values from './values.json' with { type: 'json' };
      import { b } from './values.json';
      import shader from './blur.wgsl';
      import bytes from './weights.bin';
      export default () => [values, b, shader, bytes instanceof Uint8Array, [...bytes]];`,
    );
    sandbox.write('values.json', '{ "a": [1], "b": "é" }');
    sandbox.write('blur.wgsl', 'fn main() {}\n');
    sandbox.write('weights.bin', new Uint8Array([0, 255, 10]));
    const expected = [{ a: [1], b: 'é' }, 'é', 'fn main() {}\n', true, [0, 255, 10]];
    expect(await sandbox.execute()).toEqual(expected);
    const before = await sandbox.trace();
    sandbox.write('weights.bin', new Uint8Array([0, 254, 10]));
    const after = await sandbox.trace();
    expect(after.code.bundle).not.toBe(before.code.bundle);
    expect(after.files['weights.bin']).not.toBe(before.files['weights.bin']);
  });

  it('loads a native addon from its location, and counts its bytes', async () => {
    sandbox.write('stage.ts', "import addon from './build/x.node';\nexport default () => addon;\n");
    sandbox.write('build/x.node', 'no addon at all');
    const traced = await sandbox.trace();
    // The system refuses it, which shows that exactly this file was requested.
    await expect(sandbox.node(traced)).rejects.toThrow(sandbox.path('build/x.node'));
    sandbox.write('build/x.node', 'another');
    expect(await sandbox.digest()).not.toBe(traced.code.bundle);
  });

  it.each([
    [
      'stage.js',
      "import { defineStage } from 'pipe-run/stage';\nexport default defineStage(() => 'js');\n",
    ],
    ['stage.mts', "export default await Promise.resolve((): string => 'mts');\n"],
    [
      'stage.cjs',
      "const { defineStage } = require('pipe/stage');\nmodule.exports = defineStage(() => 'cjs');\n",
    ],
    ['stage.cts', "import fs = require('node:fs');\nexport = () => (fs ? 'cts' : '');\n"],
    [
      'stage.jsx',
      'const h = (tag) => tag;\nconst React = { createElement: h };\nexport default () => <jsx />;\n',
    ],
  ])('runs %s', async (file, text) => {
    sandbox.write(file, text);
    const name = path.extname(file).slice(1);
    expect(await sandbox.execute(file)).toBe(name);
  });

  it('follows paths of tsconfig.json and imports of package.json', async () => {
    sandbox.write(
      'tsconfig.json',
      '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } } // yes',
    );
    sandbox.write('package.json', '{ "type": "module", "imports": { "#*": "./deep/*.ts" } }');
    sandbox.write('lib/a.ts', "export const a = 'a';\n");
    sandbox.write('deep/b.ts', "export const b = 'b';\n");
    sandbox.write(
      'stage.ts',
      "import { a } from '~/a';\nimport { b } from '#b';\nexport default () => a + b;\n",
    );
    expect(await sandbox.execute()).toBe('ab');
    expect(Object.keys((await sandbox.trace()).files)).toEqual([
      'deep/b.ts',
      'lib/a.ts',
      'stage.ts',
    ]);
  });

  it.each(['./lib.ts', '#lib', '~/lib'])(
    'gives the module %s the options of its tsconfig.json',
    async (specifier) => {
      const options = { useDefineForClassFields: false, paths: { '~/*': ['./*'] } };
      sandbox.write('tsconfig.json', JSON.stringify({ compilerOptions: options }));
      sandbox.write('package.json', '{ "type": "module", "imports": { "#*": "./*.ts" } }');
      sandbox.write(
        'lib.ts',
        "class A { constructor() { Object.assign(this, { x: 'kept' }); } }\nclass B extends A { x?: string; }\nexport const { x } = new B();\n",
      );
      sandbox.write(
        'stage.ts',
        `import { x } from '${specifier}';\nexport default () => x ?? 'lost';\n`,
      );
      expect(await sandbox.execute()).toBe('kept');
    },
  );

  it('contains every file that an open path may mean', async () => {
    sandbox.write(
      'stage.ts',
      'export default async () => { const k = ["a", "b"]; return Promise.all(k.map(async (n) => (await import(`./kinds/${n}.ts`)).default)); };',
    );
    sandbox.write('kinds/a.ts', 'export default 1;\n');
    sandbox.write('kinds/b.ts', 'export default 2;\n');
    expect(await sandbox.execute()).toEqual([1, 2]);
    const before = await sandbox.digest();
    sandbox.write('kinds/deep/c.ts', 'export default 3;\n');
    expect(await sandbox.digest()).not.toBe(before);
    const { files, importers } = await sandbox.trace();
    expect(Object.keys(files)).toEqual(['kinds/a.ts', 'kinds/b.ts', 'kinds/deep/c.ts', 'stage.ts']);
    expect(importers['kinds/deep/c.ts']).toBe('stage.ts');
  });

  it('leaves a missing optional package to the code, and counts it once it is installed', async () => {
    sandbox.write('package.json', '{ "type": "module", "optionalDependencies": { "maybe": "*" } }');
    sandbox.write(
      'stage.ts',
      `const tried = async () => { try { return (await import('tried')).default; } catch (e) { return e.code; } };
      export default async () => [await import('maybe').then((m) => m.default, (e) => e.code), await tried()];`,
    );
    expect(await sandbox.execute()).toEqual(['ERR_MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);
    const { packages } = (await sandbox.trace()).code;
    expect(packages).toEqual({ maybe: 'not installed', tried: 'not installed' });
    sandbox.install('.', 'maybe', '1.0.0');
    expect(await sandbox.execute()).toEqual(['maybe@1.0.0', 'ERR_MODULE_NOT_FOUND']);
    expect((await sandbox.trace()).code.packages).toEqual({
      maybe: '1.0.0',
      tried: 'not installed',
    });
  });

  it('names the original file and line in a stack', async () => {
    sandbox.write(
      'stage.ts',
      `import { check } from './lib/check.js';
import lib from 'lib';

interface Long { a: string }

export default () => check({ a: lib } as Long);
`,
    );
    sandbox.install('.', 'lib', '1.0.0');
    sandbox.write(
      'lib/check.ts',
      `const here = import.meta.url;
// a comment
export function check(value: unknown): never {
  throw new Error(\`bad \${here} \${typeof value}\`);
}
`,
    );
    const failed = await sandbox.node(await sandbox.trace()).catch((error: Error) => error);
    const { stderr } = failed as unknown as { stderr: string };
    expect(stderr).toMatch(/at check \(\S*project\/lib\/check\.ts:4:9\)/);
    expect(stderr).toMatch(/project\/stage\.ts:6:22/);
  });
});
