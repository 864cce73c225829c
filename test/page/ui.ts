/** `pipe ui` as a process, and requests to it. */
import { request } from 'node:http';
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

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Sends the path as written; `fetch` would normalise it. */
export function ask(
  port: number,
  where: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path: where, headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
    });
    asked.on('error', reject).end();
  });
}
