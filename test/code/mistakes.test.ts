import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderDiagnostic } from '../../src/error.js';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});

afterEach(() => sandbox.dispose());

async function texts(file = 'stage.ts', deps: readonly string[] = []): Promise<string> {
  return (await sandbox.mistakes(file, deps)).map(renderDiagnostic).join('\n');
}

describe('a mistake in the code of a stage', () => {
  it('in its syntax is shown with its place', async () => {
    sandbox.write('stage.ts', "import { a } from './lib/a.js';\nexport default () => a;\n");
    sandbox.write('lib/a.ts', "export const ä = 'é', a = 1 +;\n");
    expect(await texts()).toBe(
      [
        'lib/a.ts:1:30: error: Unexpected ";" (stage-syntax)',
        "    export const ä = 'é', a = 1 +;",
        '                                 ~',
      ].join('\n'),
    );
  });

  it('in the line where the tool adds its constants has the column that the user sees', async () => {
    sandbox.write(
      'stage.ts',
      "const u = import.meta.url; import './no.js';\nexport default () => u;\n",
    );
    expect(await texts()).toBe(
      [
        'stage.ts:1:35: error: there is no file "./no.js" (import-not-found)',
        "    const u = import.meta.url; import './no.js';",
        '                                      ~~~~~~~~~',
        '  create it, or correct the path',
      ].join('\n'),
    );
  });

  it('such as packages that are not installed, is shown with all others', async () => {
    sandbox.install('.', 'lib', '1.0.0', { exports: { '.': './main.js' } });
    sandbox.write(
      'stage.ts',
      "import a from '@scope/gone/sub';\nimport lib from 'lib/none';\nimport { b } from './b.js';\nexport default async () => [a, b, lib, await import('later')];\n",
    );
    sandbox.write('b.ts', 'export const c = 1;\n');
    expect(await texts()).toBe(
      [
        'stage.ts:1:15: error: "@scope/gone/sub" cannot be found: the package "@scope/gone" is not installed, or has no such export (import-not-found)',
        "    import a from '@scope/gone/sub';",
        '                  ~~~~~~~~~~~~~~~~~',
        '  run `npm install @scope/gone`, or correct the import',
        'stage.ts:2:17: error: "lib/none" cannot be found: the package "lib" is not installed, or has no such export (import-not-found)',
        "    import lib from 'lib/none';",
        '                    ~~~~~~~~~~',
        '  run `npm install lib`, or correct the import',
        'stage.ts:4:53: error: the package "later" cannot be found (import-not-found)',
        "    export default async () => [a, b, lib, await import('later')];",
        '                                                        ~~~~~~~',
        '  run `npm install later`, or correct the import',
      ].join('\n'),
    );
  });

  it('such as a missing export, names the file and the word', async () => {
    sandbox.write('stage.ts', "import { b } from './b.js';\nexport default () => b;\n");
    sandbox.write('b.ts', 'export const c = 1;\n');
    expect(await texts()).toBe(
      [
        'stage.ts:1:10: error: b.ts has no export "b" (export-not-found)',
        "    import { b } from './b.js';",
        '             ~',
      ].join('\n'),
    );
  });

  it('such as an import from outside the project, says what to do', async () => {
    sandbox.write('../shared/x.ts', "import { y } from './y.js';\nexport const x = y;\n");
    sandbox.write('../shared/y.ts', 'export const y = 1;\n');
    sandbox.write('lib/a.ts', "export { x } from '../../shared/x.js';\n");
    sandbox.write('stage.ts', "import { x } from './lib/a.js';\nexport default () => x;\n");
    expect(await texts()).toBe(
      [
        'lib/a.ts:1:19: error: lib/a.ts imports ../shared/x.ts, which is outside the project (import-outside)',
        "    export { x } from '../../shared/x.js';",
        '                      ~~~~~~~~~~~~~~~~~~~',
        '  move it into the project, or make it a package that the project links (`npm install ../folder`)',
      ].join('\n'),
    );
  });

  it('such as an import from outside by an open path, says the same', async () => {
    sandbox.write('../kinds/a.ts', 'export default 1;\n');
    sandbox.write('stage.ts', 'export default (n: string) => import(`../kinds/${n}.ts`);\n');
    expect(await texts()).toContain(
      'error: stage.ts imports ../kinds/a.ts, which is outside the project (import-outside)',
    );
  });

  it('such as a link to a file outside the project, says the same', async () => {
    sandbox.write('../shared/x.ts', 'export default () => 1;\n');
    sandbox.link('../shared/x.ts', 'stage.ts');
    expect(await texts()).toContain('error: stage.ts is a link to ../shared/x.ts');
  });

  it.each(['package.json', 'tsconfig.json'])(
    'such as a named pipe as %s, is reported without blocking',
    async (name) => {
      sandbox.write('stages/stage.ts', 'export default () => {};\n');
      execFileSync('sh', ['-c', 'rm -f "$0"; mkfifo "$0"', sandbox.path(name)]);
      expect(await texts('stages/stage.ts')).toBe(
        [
          `error: the file ${name} cannot be read (not a file) (unusable-file)`,
          '  replace it, or change its permissions',
        ].join('\n'),
      );
    },
  );

  it('such as a module that is a named pipe, is reported without blocking', async () => {
    sandbox.write('stage.ts', "import { x } from './x.js';\nexport default () => x;\n");
    execFileSync('mkfifo', [sandbox.path('x.ts')]);
    expect((await texts()).split('\n')[0]).toBe(
      'stage.ts:1:19: error: the file x.ts cannot be read (not a file) (unusable-file)',
    );
  });

  it('such as a missing module of a stage, has its own code', async () => {
    expect(await sandbox.mistakes('stages/none.ts')).toEqual([
      {
        code: 'stage-not-found',
        message: 'the module stages/none.ts does not exist',
        hint: 'create it, or correct the path',
      },
    ]);
  });
});

describe('an import that cannot be traced', () => {
  beforeEach(() => {
    sandbox.write(
      'stage.ts',
      `export default async (name: string) => {
  const module = await import(name);
  return [module, require(name)];
};
`,
    );
  });

  it('is an error, for import() and for require', async () => {
    expect(await texts()).toBe(
      [
        'stage.ts:2:24: error: the path of this import() is computed, so pipe cannot detect changes in the module that it loads (import-untraceable)',
        '      const module = await import(name);',
        '                           ~~~~~~',
        '  write the path as a string, or list what may be loaded under `deps:` of the stage',
        'stage.ts:3:19: error: the path of this require is computed, so pipe cannot detect changes in the module that it loads (import-untraceable)',
        '      return [module, require(name)];',
        '                      ~~~~~~~',
        '  write the path as a string, or list what may be loaded under `deps:` of the stage',
      ].join('\n'),
    );
  });

  it.each([
    ['a file of code', ['plugins/a.js']],
    ['a pattern of code', ['plugins/*.{js,mjs}']],
    ['a folder of code', ['data/raw', 'plugins']],
    ['the lock file of packages', ['package-lock.json']],
  ])('is fine with %s among the deps', async (_name, deps) => {
    sandbox.write('plugins/deep/a.js', 'export default 1;\n');
    expect((await sandbox.trace('stage.ts', deps)).code.packages).toEqual({});
  });

  it.each([
    ['data', ['data/table.json', 'data/*.csv', 'data/images']],
    ['a folder without code', ['data']],
    ['a folder that is not there yet', ['cache/out/raw']],
  ])('is still an error with %s among the deps', async (_name, deps) => {
    sandbox.write('data/images/a.png', '');
    expect(await sandbox.mistakes('stage.ts', deps)).toHaveLength(2);
  });

  it('within a package is ignored', async () => {
    sandbox.install('.', 'lib', '1.0.0');
    sandbox.write('node_modules/lib/main.js', 'export default (name) => import(name);\n');
    sandbox.write('stage.ts', "import lib from 'lib';\nexport default () => lib;\n");
    expect((await sandbox.trace()).code.packages).toEqual({ lib: '1.0.0' });
  });
});
