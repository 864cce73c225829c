/** docs/stage-protocol.md shows the examples as they are, and names every variable that a stage is given. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { stageEnvironment } from '../../src/process/environment.js';
import { MARK } from '../../src/process/process-marks.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/stage-protocol.md`, 'utf8');

test.each([
  ['yaml', 'epochs-shell/pipeline.yaml'],
  ['sh', 'epochs-shell/train.sh'],
  ['python', 'epochs-python/train.py'],
])('the %s example is examples/%s', (language, file) => {
  expect(page).toContain(
    `\`\`\`${language}\n${readFileSync(`${root}/examples/${file}`, 'utf8')}\`\`\``,
  );
});

test('every variable is named', () => {
  const epochs = { PIPE_EPOCHS: '2', PIPE_EPOCH: '1', PIPE_STATE: '/s', PIPE_COMMIT: '/c' };
  const own = { progress: '/p', context: '/x', gpus: '0', threads: 4, epochs };
  const given = stageEnvironment({}, own);
  for (const name of [...Object.keys(given), MARK]) expect(page).toContain(`\`${name}\``);
});

test('a stage that starts a run does not pass on variables for itself', () => {
  const outer = { A: '1', PIPE_EPOCHS: '2', PIPE_CONTEXT: '/x', PIPE_CACHE: '/cache' };
  expect(stageEnvironment(outer, { progress: '/p', context: '/own' })).toEqual({
    A: '1',
    PIPE_CACHE: '/cache',
    PIPE_CONTEXT: '/own',
    PIPE_PROGRESS: '/p',
    PYTHONUNBUFFERED: '1',
  });
});

test('library variables that the user has set are kept, and OMP_NUM_THREADS applies to all', () => {
  const threadsIn = (env: NodeJS.ProcessEnv) => {
    const given = stageEnvironment(env, { progress: '/p', context: '/x', threads: 8 });
    return [given.OMP_NUM_THREADS, given.MKL_NUM_THREADS, given.PYTHONUNBUFFERED];
  };
  expect(threadsIn({})).toEqual(['8', '8', '1']);
  expect(threadsIn({ MKL_NUM_THREADS: '2', PYTHONUNBUFFERED: '' })).toEqual(['8', '2', '']);
  expect(threadsIn({ OMP_NUM_THREADS: '2' })).toEqual(['2', undefined, '1']);
});
