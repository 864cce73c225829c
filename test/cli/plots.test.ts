/** `pipe plots`: columns and points of today, of the last execution, and of a revision. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `params: { top: 0.5 }
stages:
  score:
    cmd: |
      mkdir -p \${outs.scores}
      printf 'fpr,tpr,note\\n0,0,a\\n0,%s,b\\n1,1,c\\n' \${top} > \${outs.scores}/roc.csv
      printf '<svg xmlns="http://www.w3.org/2000/svg"/>' > \${outs.scores}/a.svg
    outs: { scores: cache/out/s }
`;

const PLOTS = `    plots:
      roc: { path: cache/out/s/roc.csv, x: fpr }
      wrong: { path: cache/out/s/roc.csv, y: [note] }
      picture: cache/out/s/a.svg
`;

it('prints plots that were listed after the run, and those that differ from a revision', async () => {
  const project = projectWithin({ 'pipeline.yaml': PIPELINE });
  await project.run();
  project.write('pipeline.yaml', PIPELINE + PLOTS);
  expect((await project.pipe('status', 'score')).out).toContain('fresh');
  const plots = async () => JSON.parse((await project.pipe('plots', '--json')).out).score;
  const roc = {
    path: 'cache/out/s/roc.csv',
    x: { name: 'fpr', values: [0, 0, 1] },
    y: { tpr: [0, 0.5, 1] },
  };
  expect(await plots()).toMatchObject({
    roc,
    wrong: { problem: 'the column "note" of cache/out/s/roc.csv contains no numbers' },
    picture: { path: 'cache/out/s/a.svg', digest: expect.stringMatching(/^f:/) },
  });

  const git = (...args: string[]) => execFileSync('git', args, { cwd: project.root });
  git('init', '-q');
  git('add', 'pipeline.yaml', 'pipeline.lock');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-qm', 'one');
  project.write('pipeline.yaml', (PIPELINE + PLOTS).replace('0.5', '0.75'));
  expect((await plots()).roc).toMatchObject({ ...roc, stale: true });
  expect((await project.pipe('plots', 'diff')).out).toContain('no plot differs');
  await project.run();
  const { out } = await project.pipe('plots', 'diff');
  expect(out).toMatch(/^score +roc .*tpr: 1 of 3 points$/m);
  expect(out).not.toContain('picture');
});

it('fails when a plot was not written', async () => {
  const project = projectWithin({
    'pipeline.yaml': `${PIPELINE}    plots: [cache/out/s/absent.csv]\n`,
  });
  expect((await project.pipe('run')).out).toContain('did not write cache/out/s/absent.csv');
});
