import { utimesSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keptExecutable } from '../../src/code/trace.js';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox({
    'package.json': '{ "type": "module", "workspaces": ["packages/*"] }',
    'stages/stage.ts': `import lib from 'lib';
      import near from 'near';
      import { a } from '../lib/a.js';
      import { folder } from '../lib/folder';
      import { alias } from '~/alias';
      import data from './data.json' with { type: 'json' };
      import('maybe').catch(() => {});
      try { require('./hooks/local'); } catch {}
      export default () => [lib, near, a, folder, alias, data];`,
    'lib/a.ts': "export const a = 'a';\n",
    'lib/folder/index.ts': "export const folder = 'folder';\n",
    'aliases/alias.ts': "export const alias = 'alias';\n",
    'stages/data.json': '{}',
    'stages/tsconfig.json': '{ "extends": "../tsconfig.base.json" }',
    'tsconfig.base.json':
      '{ "compilerOptions": { "paths": { "~/*": ["./first/*", "./aliases/*"] } } }',
    'packages/near/package.json':
      '{ "name": "near", "version": "1.0.0", "exports": "./src/near.ts" }',
    'packages/near/src/near.ts': "export default 'near';\n",
    'other/near/package.json': '{ "name": "near", "version": "1.0.0", "exports": "./src/near.ts" }',
    'other/near/src/near.ts': "export default 'near';\n",
  });
  sandbox.install('.', 'lib', '1.0.0');
  sandbox.write(
    'stages/package.json',
    '{ "type": "module", "optionalDependencies": { "maybe": "*" } }',
  );
  sandbox.link('../packages/near', 'node_modules/near');
  sandbox.settle();
});

afterEach(() => sandbox.dispose());

type Change = (box: Sandbox) => void;

/** Changes that may affect a trace, so that the cached one must not be used. */
const changes: Readonly<Record<string, Change>> = {
  'the entry': (box) => box.edit('stages/stage.ts', '[lib,', '[1, lib,'),
  'an import': (box) => box.edit('lib/a.ts', "'a'", "'b'"),
  'imported data': (box) => box.write('stages/data.json', '[]'),
  'an imported file that is gone': (box) => box.remove('lib/a.ts'),
  'a file of a workspace package': (box) => box.edit('packages/near/src/near.ts', 'near', 'nearer'),
  'exports of a workspace package': (box) => box.edit('packages/near/package.json', '.ts"', '.js"'),
  'a workspace package linked to another folder': (box) => {
    box.remove('node_modules/near');
    box.link('../other/near', 'node_modules/near');
  },
  'the version of a package': (box) => box.install('.', 'lib', '1.0.1'),
  'a package that is gone': (box) => box.remove('node_modules/lib'),
  'a package replaced by a link': (box) => {
    box.remove('node_modules/lib');
    box.install('packages', 'lib', '1.0.0');
    box.link('../packages/node_modules/lib', 'node_modules/lib');
  },
  'a nearer package': (box) => box.install('stages', 'lib', '1.0.0'),
  'an even nearer package, next to others': (box) => {
    box.install('stages', 'unrelated', '1.0.0');
    box.install('stages', 'lib', '2.0.0');
  },
  'an optional package that was installed': (box) => box.install('.', 'maybe', '1.0.0'),
  'a module that was tried and was not there': (box) => box.write('stages/hooks/local.ts', ''),
  'a module next to the imported one': (box) => box.write('lib/a.js', ''),
  'another kind of module next to it': (box) => box.write('lib/a.tsx', ''),
  'a module next to the imported folder': (box) => box.write('lib/folder.ts', ''),
  'another index': (box) => box.write('lib/folder/index.tsx', ''),
  'a package.json in a folder that is meant': (box) =>
    box.write('lib/folder/package.json', '{ "main": "other.ts" }'),
  'the kind of modules, by package.json': (box) => box.write('package.json', '{}'),
  'a nearer package.json': (box) => box.write('lib/package.json', '{ "type": "commonjs" }'),
  'tsconfig.json': (box) => box.write('stages/tsconfig.json', '{}'),
  'what tsconfig.json extends': (box) => box.write('tsconfig.base.json', '{}'),
  'a new tsconfig.json': (box) =>
    box.write('lib/tsconfig.json', '{ "compilerOptions": { "jsx": "preserve" } }'),
  'a module that an alias means first': (box) => box.write('first/alias.ts', ''),
  'a folder of modules replaced by a link': (box) => {
    box.write('lib2/index.ts', box.read('lib/folder/index.ts'));
    box.remove('lib/folder');
    box.link('../lib2', 'lib/folder');
  },
};

/** Changes that cannot affect it. */
const others: Readonly<Record<string, Change>> = {
  'nothing but time stamps': (box) => box.settle(),
  'the same content written again': (box) => box.write('lib/a.ts', box.read('lib/a.ts')),
  'a file that no code imports': (box) => box.write('lib/b.ts', ''),
  'another package': (box) => box.install('.', 'unrelated', '1.0.0'),
  'text within a package': (box) => box.write('node_modules/lib/main.js', ''),
  'outs and reports': (box) => {
    box.write('cache/out/x.txt', '');
    box.write('reports/index.html', '');
  },
};

describe('a cached trace', () => {
  it('equals the original trace', async () => {
    const { executable, ...traced } = await sandbox.trace('stages/stage.ts');
    expect(sandbox.recall('stages/stage.ts')).toEqual(traced);
    const { root } = sandbox;
    expect(keptExecutable(root, 'stages/stage.ts', traced, sandbox.options())).toBe(executable);
  });

  it.each(Object.entries(changes))('is invalid after a change of %s', async (_, change) => {
    await sandbox.trace('stages/stage.ts');
    expect(sandbox.recall('stages/stage.ts')).toBeDefined();
    change(sandbox);
    expect(sandbox.recall('stages/stage.ts')).toBeUndefined();
  });

  it.each(Object.entries(others))('is still valid after a change of %s', async (_, change) => {
    const { executable: _text, ...traced } = await sandbox.trace('stages/stage.ts');
    change(sandbox);
    expect(sandbox.recall('stages/stage.ts')).toEqual(traced);
  });

  it('is valid through a symbolic link to the project, but not in another place', async () => {
    await sandbox.trace('stages/stage.ts');
    const { root } = sandbox;
    sandbox.link(root, '../linked');
    sandbox.root = path.join(sandbox.home, 'linked');
    expect(sandbox.recall('stages/stage.ts')).toBeDefined();
    sandbox.root = root;
    sandbox.move('elsewhere');
    expect(sandbox.recall('stages/stage.ts')).toBeUndefined();
  });

  it('of another build of the tool is invalid', async () => {
    await sandbox.trace('stages/stage.ts');
    Object.assign(sandbox.traceCache, { build: '2' });
    expect(sandbox.recall('stages/stage.ts')).toBeUndefined();
  });

  it('does not touch the bundle of an earlier state', async () => {
    const before = await sandbox.trace('stages/stage.ts');
    sandbox.edit('lib/a.ts', "'a'", "'b'");
    await sandbox.trace('stages/stage.ts');
    const { root } = sandbox;
    expect(keptExecutable(root, 'stages/stage.ts', before, sandbox.options())).toBeUndefined();
  });

  it('is not stored if folders change during the trace', async () => {
    sandbox.write('lib/c.ts', '');
    // As if it were written during the trace, however long that takes.
    const later = Date.now() / 1000 + 600;
    utimesSync(sandbox.path('lib'), later, later);
    await sandbox.trace('stages/stage.ts');
    expect(sandbox.recall('stages/stage.ts')).toBeUndefined();
    utimesSync(sandbox.path('lib'), 1, 1);
    await sandbox.trace('stages/stage.ts');
    expect(sandbox.recall('stages/stage.ts')).toBeDefined();
  });

  it('is not stored if inputs are as new as the trace by the clock of their file system', async () => {
    sandbox.write('lib/c.ts', '');
    const dayAgo = Date.now() - 86_400_000;
    Object.assign(sandbox.traceCache, { timeAt: () => dayAgo });
    await sandbox.trace('stages/stage.ts');
    expect(sandbox.recall('stages/stage.ts')).toBeUndefined();
  });

  it('is not stored for imports with an open path', async () => {
    const open = "export default (name: string) => import('../kinds/' + name + '.ts');\n";
    sandbox.write('stages/stage.ts', open);
    sandbox.write('kinds/a.ts', 'export default 1;\n');
    sandbox.settle();
    await sandbox.trace('stages/stage.ts');
    expect(sandbox.recall('stages/stage.ts')).toBeUndefined();
  });

  it('reports an import that cannot be traced, according to the current deps', async () => {
    sandbox.write('stages/stage.ts', 'export default (name: string) => import(name);\n');
    sandbox.settle();
    const { executable: _text, ...traced } = await sandbox.trace('stages/stage.ts', ['lib/*.ts']);
    expect(sandbox.recall('stages/stage.ts', ['lib/a.ts'])).toEqual(traced);
    expect(() => sandbox.recall('stages/stage.ts', ['data'])).toThrow(
      'is computed, so pipe cannot',
    );
  });
});
