/** `pipe ui` as a process. */
import type { Project, Running } from '../rig/project.js';

/** With the port that it serves. */
export async function started(project: Project, ...args: string[]): Promise<[Running, number]> {
  const ui = project.start('ui', '--port', '0', ...args);
  await ui.text((out) => out.includes('\n'));
  return [ui, Number(/:(\d+)\//.exec(ui.told())?.[1])];
}

export async function ended(ui: Running): Promise<number | null> {
  ui.kill('SIGINT');
  return (await ui.ended).code;
}
