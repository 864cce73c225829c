/** A headless Chromium over its debugging pipe: opens a page, presses keys, reports errors. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** The command of a Chromium on this machine; `CHROMIUM` names one that is not on the path. */
export function findChromium(): string | undefined {
  const wished = process.env.CHROMIUM;
  const names = wished ? [wished, ...NAMES] : NAMES;
  return names.find((name) => spawnSync(name, ['--version']).status === 0);
}

type Json = Record<string, unknown>;

export interface Page {
  /** Evaluates an expression in the page; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  press(key: string): Promise<void>;
  emulate(options: {
    width: number;
    height: number;
    dark?: boolean;
    print?: boolean;
  }): Promise<void>;
  /** A PNG of the visible part. */
  screenshot(): Promise<Buffer>;
  /** A PDF of the page as printed. */
  print(): Promise<Buffer>;
  /** Errors, console messages and requests other than for the file itself or to its own server, in their order. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const KEY_CODES: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  ArrowLeft: 37,
  ArrowRight: 39,
};

function launched(chromium: string): { readonly child: ChildProcess; readonly profile: string } {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn(
    chromium,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  return { child, profile };
}

/** Opens a file, or the address of a server, and waits until it is loaded. */
export async function openPage(chromium: string, place: string): Promise<Page> {
  const { child, profile } = launched(chromium);
  const browser = connect(child);
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const attached = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params: Json = {}) =>
    browser.send(method, params, attached.sessionId as string);

  const isServed = place.startsWith('http:');
  const address = isServed ? place : `file://${place}`;
  const complaints: string[] = [];
  browser.on('Runtime.exceptionThrown', (event) => complaints.push(JSON.stringify(event)));
  browser.on('Log.entryAdded', (event) => complaints.push(JSON.stringify(event)));
  browser.on('Runtime.consoleAPICalled', (event) => complaints.push(JSON.stringify(event)));
  browser.on('Network.requestWillBeSent', (event) => {
    const { url } = event.request as { url: string };
    const isOwn = url === address || (isServed && url.startsWith(address));
    if (!url.startsWith('data:') && !isOwn) complaints.push(`request: ${url}`);
  });
  for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await send(`${domain}.enable`);
  const loaded = browser.once('Page.loadEventFired');
  await send('Page.navigate', { url: address });
  await loaded;

  return {
    complaints,
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value: T }).value;
    },
    async press(key) {
      const event = { key, code: key, windowsVirtualKeyCode: KEY_CODES[key] };
      const text = key === 'Enter' ? { text: '\r' } : {};
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...text });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    async emulate({ width, height, dark = false, print = false }) {
      const mobile = width < 600;
      await send('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile,
      });
      await send('Emulation.setEmulatedMedia', {
        // Empty: that of the screen, and of paper while it prints.
        media: print ? 'print' : '',
        features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
      });
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(data as string, 'base64');
    },
    async print() {
      const { data } = await send('Page.printToPDF', { printBackground: true });
      return Buffer.from(data as string, 'base64');
    },
    async close() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      await browser.send('Browser.close').catch(() => child.kill('SIGKILL'));
      await gone;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The protocol: JSON messages, each ended by a zero byte, out on descriptor 3 and in on 4. */
function connect(child: ChildProcess) {
  const out = child.stdio[3] as Writable;
  const input = child.stdio[4] as unknown as Readable;
  const waiting = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>();
  const listeners = new Map<string, ((params: Json) => void)[]>();
  let last = 0;
  let rest = '';
  const on = (method: string, listen: (params: Json) => void) => {
    listeners.set(method, [...(listeners.get(method) ?? []), listen]);
  };
  const receive = (text: string) => {
    const message = JSON.parse(text) as {
      id?: number;
      method?: string;
      params?: Json;
      result?: Json;
      error?: { message: string };
    };
    if (message.id === undefined) {
      for (const listen of listeners.get(message.method ?? '') ?? []) listen(message.params ?? {});
      return;
    }
    const waiter = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) waiter?.reject(new Error(message.error.message));
    else waiter?.resolve(message.result ?? {});
  };
  input.setEncoding('utf8').on('data', (part: string) => {
    const messages = (rest + part).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) receive(message);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`Chromium ended with ${code}`));
  });
  out.on('error', () => {}); // reported by `exit`, with its code
  return {
    on,
    once: (method: string) => new Promise<Json>((resolve) => on(method, resolve)),
    send(method: string, params: Json = {}, sessionId?: string): Promise<Json> {
      const id = ++last;
      out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
  };
}
