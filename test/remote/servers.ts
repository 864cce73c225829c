/** Servers for tests of the remote cache: a folder, nginx, an S3 gateway, and a proxy in front of them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../rig/until.js';

export interface Server {
  /** For `remote:`. */
  readonly remote: string;
  /** The credentials of a clone. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder that holds `cas/` and `ac/`. */
  readonly data: string;
  /** Where it listens; undefined for a folder. */
  readonly port?: number;
}

/** Names below the data: `cas/…` and `ac/…`. */
export function namesIn({ data }: Server): string[] {
  return ['cas', 'ac'].flatMap((folder) =>
    existsSync(path.join(data, folder))
      ? readdirSync(path.join(data, folder)).map((name) => `${folder}/${name}`)
      : [],
  );
}

function temporary(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-remote-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function sharedFolder(): Server {
  const data = path.join(temporary(), 'store');
  return { remote: `file://${data}`, env: {}, data };
}

export const NGINX = programs('nginx');
export const VERSITYGW = programs('versitygw');
export const OPENSSL = programs('openssl');

/** Absolute path of a program, also in the places that only Debian or Go use. */
function programs(name: string): string | undefined {
  const go = process.env.GOPATH ?? path.join(process.env.HOME ?? '', 'go');
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', path.join(go, 'bin')];
  return folders.map((folder) => path.join(folder, name)).find(existsSync);
}

/** A self-signed certificate, in PEM, and the path of its file. */
export function certificateOf(host: string): {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly file: string;
} {
  const folder = temporary();
  const [key, file] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=${host} -addext subjectAltName=DNS:${host} -keyout ${key} -out ${file}`;
  execFileSync(OPENSSL as string, args.split(' '), { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(file), file };
}

const token = 'let-me-in';

/** Anyone may read; clients with the token may write. */
export async function nginx(): Promise<Server> {
  const folder = temporary();
  const data = path.join(folder, 'data');
  const port = await freePort();
  for (const each of [data, path.join(folder, 'tmp')]) mkdirSync(each);
  writeFileSync(
    path.join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${folder}/tmp; client_max_body_size 0;
  proxy_temp_path ${folder}/tmp; fastcgi_temp_path ${folder}/tmp;
  uwsgi_temp_path ${folder}/tmp; scgi_temp_path ${folder}/tmp;
  map $http_authorization $may { default 0; "Bearer ${token}" 1; }
  server {
    listen 127.0.0.1:${port}; root ${data};
    location / {
      dav_methods PUT; create_full_put_path on;
      set $deny "$request_method$may";
      if ($deny = PUT0) { return 403; }
    }
  }
}
`,
  );
  launch(NGINX as string, ['-p', folder, '-c', path.join(folder, 'nginx.conf')]);
  await listening(port);
  return {
    remote: `http://127.0.0.1:${port}`,
    env: { PIPE_REMOTE_TOKEN: token },
    data,
    port,
  };
}

export async function s3(): Promise<Server> {
  const folder = temporary();
  const bucket = path.join(folder, 'data', 'lab-bucket');
  const sidecar = path.join(folder, 'meta');
  for (const each of [bucket, sidecar]) mkdirSync(each, { recursive: true });
  const port = await freePort();
  const keys = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'secret-of-tester' };
  launch(VERSITYGW as string, [
    ...['--port', `127.0.0.1:${port}`, '--access', keys.AWS_ACCESS_KEY_ID],
    ...['--secret', keys.AWS_SECRET_ACCESS_KEY, '--quiet', 'posix', '--sidecar', sidecar],
    path.join(folder, 'data'),
  ]);
  await listening(port);
  return {
    remote: 's3://lab-bucket/pipe',
    env: { ...keys, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_REGION: 'us-east-1' },
    data: path.join(bucket, 'pipe'),
    port,
  };
}

function launch(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  let isOpen = false;
  const knock = () => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => socket.destroy());
    socket.once('connect', () => {
      isOpen = true;
      socket.destroy();
    });
  };
  await until(() => {
    if (!isOpen) knock();
    return isOpen;
  });
}

export interface Proxy {
  readonly port: number;
  /** `GET /ac/…`, in the order of arrival. */
  readonly requests: string[];
  /** The largest number of requests that waited for an answer at the same time. */
  mostAtOnce(): number;
  close(): void;
}

export interface Fault {
  /** Milliseconds before a request is passed on. */
  readonly delay?: number;
  /** The request with this number, and all later ones, find the server dead. */
  readonly dieAt?: number;
  /** Called with each request's number before it is passed on. */
  readonly onRequest?: (count: number) => void;
}

/** Passes requests on to a port and counts them. */
export async function proxyTo(port: number, fault: Fault = {}): Promise<Proxy> {
  const requests: string[] = [];
  let [waiting, most] = [0, 0];
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    most = Math.max(most, ++waiting);
    response.once('close', () => {
      waiting--;
    });
    const count = requests.length;
    fault.onRequest?.(count);
    if (fault.dieAt !== undefined && count >= fault.dieAt) {
      request.socket.destroy();
      return;
    }
    const pass = () => {
      const { method, url, headers } = request;
      const on = http.request({ host: '127.0.0.1', port, method, path: url, headers, agent });
      on.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      on.once('error', () => response.destroy());
      request.pipe(on);
    };
    if (fault.delay === undefined) pass();
    else setTimeout(pass, fault.delay);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
    agent.destroy();
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, requests, mostAtOnce: () => most, close };
}

/** An unused folder of the server. */
export function folderOf(server: Server, name: string | number): Server {
  return {
    ...server,
    remote: `${server.remote}/${name}`,
    data: path.join(server.data, String(name)),
  };
}

/** The server behind a proxy. */
export function behind(server: Server, { port }: Pick<Proxy, 'port'>): Server {
  const { AWS_ENDPOINT_URL: _, ...env } = server.env;
  return server.remote.startsWith('s3:')
    ? { ...server, env: { ...env, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` } }
    : { ...server, remote: server.remote.replace(/:\d+/, `:${port}`) };
}

/** True when no file below the folder contains the text. */
export function isNowhere(folder: string, text: string): boolean {
  try {
    execFileSync('grep', ['-rqF', text, folder]);
    return false;
  } catch (error) {
    if ((error as { status?: number }).status === 1) return true;
    throw error;
  }
}
