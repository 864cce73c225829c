import { describe, expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

describe('the code of items', () => {
  it('of two modules with the same text is executed with the packages of each', async () => {
    const text = `import { writeFileSync } from 'node:fs';
import version from 'lib';
export default ({ outs }) => writeFileSync(outs.out, version);
`;
    const lib = (version: string) => ({
      json: JSON.stringify({ name: 'lib', version, type: 'module', main: 'main.js' }),
      main: `export default '${version}';\n`,
    });
    const [one, two] = [lib('1.0.0'), lib('2.0.0')];
    const project = projectWithin({
      'pipeline.yaml': `stages:
  a: { run: a/stage.mjs, outs: { out: cache/out/a.txt } }
  b: { run: b/stage.mjs, outs: { out: cache/out/b.txt } }
`,
      'a/stage.mjs': text,
      'a/node_modules/lib/package.json': one.json,
      'a/node_modules/lib/main.js': one.main,
      'b/stage.mjs': text,
      'b/node_modules/lib/package.json': two.json,
      'b/node_modules/lib/main.js': two.main,
    });
    expect((await project.run()).with('ran')).toEqual(['a', 'b']);
    expect([project.read('cache/out/a.txt'), project.read('cache/out/b.txt')]).toEqual([
      '1.0.0',
      '2.0.0',
    ]);
    expect((await project.run()).with('fresh')).toEqual(['a', 'b']);
  });

  it('of many items is traced once, and an open import is covered by a dep of any of them', async () => {
    const project = projectWithin({
      'pipeline.yaml': `stages:
  a:
    matrix: { name: [x, y] }
    run: stage.mjs
    deps: { plugin: "plugins/\${name}.mjs" }
    outs: { out: "cache/out/\${name}.txt" }
`,
      'stage.mjs': `import { writeFileSync } from 'node:fs';
export default async ({ deps, outs }) => writeFileSync(outs.out, (await import(deps.plugin)).default);
`,
      'plugins/x.mjs': "export default 'x';\n",
      'plugins/y.mjs': "export default 'y';\n",
    });
    expect((await project.run()).with('ran')).toEqual(['a@x', 'a@y']);
    project.write('plugins/y.mjs', "export default 'z';\n");
    const again = await project.run();
    expect([again.with('fresh'), again.with('ran')]).toEqual([['a@x'], ['a@y']]);
    expect(project.read('cache/out/y.txt')).toBe('z');
  });
});
