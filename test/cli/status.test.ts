/** What `pipe status` looks like on a terminal. */
import { expect, it } from 'vitest';
import { project } from '../rig/projects.js';
import { HAS_TMUX, TestTerminal } from '../rig/terminal.js';

const PIPELINE = `
stages:
  done: { cmd: "echo x > d.txt", outs: [d.txt] }
  lost: { cmd: "cat nowhere.txt > l.txt", deps: [nowhere.txt], outs: [l.txt] }
`;

it.runIf(HAS_TMUX)('states have their colours, but with NO_COLOR and in a pipe', async () => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  await made.pipe('run', 'done');
  const screenOf = async (env: Record<string, string>) => {
    const terminal = new TestTerminal(made.root, { ...made.env, ...env }, ['status']);
    try {
      await terminal.line(/^lost/);
      return terminal.screen(true).join('\n');
    } finally {
      terminal.close();
    }
  };
  const colored = await screenOf({});
  expect(colored).toContain('\x1b[32mfresh');
  expect(colored).toContain('\x1b[31mmissing');
  expect(await screenOf({ NO_COLOR: '1' })).not.toContain('\x1b[3');
  expect((await made.pipe('status')).out).toBe(
    'done  fresh\nlost  missing     dep nowhere.txt is missing\n',
  );
});

it.each([
  ['in a pipe', { FORCE_COLOR: '1' }, true],
  ['against NO_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['in CI', { FORCE_COLOR: '1', CI: 'true' }, true],
  ['not when it is 0', { FORCE_COLOR: '0' }, false],
  ['not when it is empty', { FORCE_COLOR: '' }, false],
])('FORCE_COLOR colors status and graph %s', async (_, env, colored) => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  Object.assign(made.env, env);
  const [status, graph] = await Promise.all([made.pipe('status', 'lost'), made.pipe('graph')]);
  expect(status.out.includes('\x1b[31mmissing')).toBe(colored);
  expect(graph.out.includes('\x1b[31mmissing')).toBe(colored);
  expect((await made.pipe('status', '--json')).out).not.toContain('\x1b');
});
