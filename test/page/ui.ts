/** `pipe ui` as a process, and requests to it. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
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

/** Sends a text over a connection of its own, and reads nothing unless `reads`. */
export function dial(port: number, text: string, reads = false) {
  return new Promise<Socket>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, () => resolve(socket)));
    socket.on('error', () => socket.destroy());
    if (!reads) socket.pause();
    onTestFinished(() => void socket.destroy());
  });
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
