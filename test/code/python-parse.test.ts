/** Which Python files a run parses. The parser is mocked, so this file has its own process. */
import { expect, it, vi } from 'vitest';
import { parseModule } from '../../src/code/python/python-module.js';
import { projectWithin } from '../rig/projects.js';

vi.mock('../../src/code/python/python-module.js', { spy: true });

it('a run with nothing to do parses none, and one after an edit only the file that changed', async () => {
  const made = projectWithin({
    'pipeline.yaml': `stages:
  a: { cmd: python3 a.py, outs: [a.txt] }
  b: { cmd: python3 b.py, outs: [b.txt] }
`,
    'a.py': "import lib.net\nopen('a.txt', 'w').write('a')\n",
    'b.py': "import lib.net\nopen('b.txt', 'w').write('b')\n",
    'lib/net.py': 'rate = 1\n',
  });
  await made.run();
  expect(vi.mocked(parseModule)).toHaveBeenCalledTimes(3);
  vi.mocked(parseModule).mockClear();
  expect((await made.run('--json')).with('fresh')).toEqual(['a', 'b']);
  expect(vi.mocked(parseModule)).not.toHaveBeenCalled();
  made.write('lib/net.py', 'rate = 3\n');
  expect((await made.run()).with('ran')).toEqual(['a', 'b']);
  expect(vi.mocked(parseModule)).toHaveBeenCalledOnce();
});
