/**
 * How requests reach a server: directly, or through the proxy that the environment names, by curl's
 * rules.
 */
import http, { type ClientRequest, type RequestOptions } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { userError } from '../error.js';
import { WIDTH } from './concurrency.js';
import type { Env } from './remote-config.js';
import { StoreError } from './store.js';

const POOL = { keepAlive: true, maxSockets: WIDTH };

export interface Route {
  /** Name of the server, and of the proxy, for messages. */
  readonly name: string;
  request(url: URL, options: RequestOptions): ClientRequest;
  close(): void;
}

/**
 * `limit`: milliseconds within which a proxy must open a tunnel.
 *
 * @throws UserError for an invalid proxy
 */
export function routeTo(origin: URL, env: Env, limit: number): Route {
  const proxy = proxyFor(origin, env);
  const { Agent, request } = clientOf(origin);
  if (proxy === undefined) return throughAgent(origin.host, request, new Agent(POOL));
  const name = `${origin.host} through the proxy ${proxy.host}`;
  if (origin.protocol === 'http:') return forwarded(name, proxy);
  return throughAgent(name, request, new Tunnels(name, origin, proxy, limit));
}

function clientOf({ protocol }: URL): typeof http | typeof https {
  return protocol === 'http:' ? http : https;
}

function throughAgent(name: string, request: typeof https.request, agent: http.Agent): Route {
  return {
    name,
    request: (url, options) => request(url, { ...options, agent }),
    close: () => agent.destroy(),
  };
}

/** The proxy gets the whole URL, and forwards the request. */
function forwarded(name: string, proxy: URL): Route {
  const { Agent, request } = clientOf(proxy);
  const agent = new Agent(POOL);
  const pass = passFor(proxy);
  return {
    name,
    request: (url, options) => {
      const headers = { ...options.headers, host: url.host, ...pass };
      return request({ ...placeOf(proxy), ...options, headers, path: url.href, agent });
    },
    close: () => agent.destroy(),
  };
}

/** Connections that a proxy forwards unchanged, so that it cannot read the encrypted requests. */
class Tunnels extends https.Agent {
  readonly #name: string;
  readonly #target: string;
  readonly #proxy: URL;
  readonly #limit: number;
  readonly #opening = new Set<ClientRequest>();

  constructor(name: string, { hostname, port }: URL, proxy: URL, limit: number) {
    super(POOL);
    this.#name = name;
    this.#target = `${hostname}:${port || 443}`;
    this.#proxy = proxy;
    this.#limit = limit;
  }

  override createConnection(
    options: https.RequestOptions,
    callback: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const asked = this.#ask();
    const slow = setTimeout(() => {
      const message = `no tunnel within ${this.#limit / 1000} s`;
      asked.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
    }, this.#limit);
    this.#opening.add(asked);
    asked.once('close', () => {
      clearTimeout(slow);
      this.#opening.delete(asked);
    });
    const fail = (error: Error) => callback(error, undefined as unknown as Duplex);
    asked.once('error', fail);
    asked.once('connect', ({ statusCode }, socket) => {
      if (statusCode !== 200) {
        socket.destroy();
        fail(refused(this.#name, statusCode));
        return;
      }
      const tunnel: https.RequestOptions & { socket: Duplex } = { ...options, socket };
      callback(null, super.createConnection(tunnel) as Duplex);
    });
    asked.end();
    return undefined;
  }

  #ask(): ClientRequest {
    const { request } = clientOf(this.#proxy);
    const [method, path] = ['CONNECT', this.#target];
    const headers = { host: path, ...passFor(this.#proxy) };
    return request({ ...placeOf(this.#proxy), method, path, headers, agent: false });
  }

  override destroy(): void {
    for (const asked of this.#opening) asked.destroy();
    super.destroy();
  }
}

/** @param name of the route */
export function refused(name: string, status: number | undefined): StoreError {
  const hint = status === 407 ? ' (write http://user:password@host:port for the proxy)' : '';
  return new StoreError('unreachable', `${name}: the proxy answered with status ${status}${hint}`);
}

function placeOf({ protocol, hostname, port }: URL): RequestOptions {
  return { protocol, host: hostname.replace(/^\[|\]$/g, ''), port };
}

function passFor({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '') return {};
  const pass = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pass).toString('base64')}` };
}

/** Undefined for a direct connection. Connections to this machine are always direct. */
function proxyFor(origin: URL, env: Env): URL | undefined {
  const valueIn = (name: string) => env[name] || env[name.toUpperCase()] || '';
  const name = `${origin.protocol.slice(0, -1)}_proxy`;
  const text = valueIn(name) || valueIn('all_proxy');
  if (text === '' || isLoopback(origin.hostname)) return undefined;
  if (isExcepted(origin, valueIn('no_proxy'))) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  if (/^https?:/.test(address) && URL.canParse(address)) return new URL(address);
  throw userError(
    'remote-value',
    `${name} is not the address of an HTTP proxy: ${text.replace(/\/\/.*@/, '//…@')}`,
    `set it to http://host:port, or list ${origin.hostname} in no_proxy`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** An entry means a host and its subdomains. It may have a port, or be `*`. */
function isExcepted({ hostname, port, protocol }: URL, list: string): boolean {
  const ours = port || (protocol === 'http:' ? '80' : '443');
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, host = '', only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (host === '' || (only !== undefined && only !== ours)) return false;
      return hostname === host || (isIP(hostname) === 0 && hostname.endsWith(`.${host}`));
    });
}
