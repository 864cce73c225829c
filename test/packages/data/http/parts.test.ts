/** The small parts of a download: delays, headers, credentials. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { delayAfter } from '@pipe-experiment/data/http/backoff.js';
import { kaggleAuthorization } from '@pipe-experiment/data/http/kaggle.js';
import { readGoogleMd5, retryAfter } from '@pipe-experiment/data/http/response.js';
import { createRateReport } from '@pipe-experiment/data/sources/http.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../stages/support/folders.js';

describe('the delay', () => {
  const backoff = { attempts: 8, firstMs: 1000, longestMs: 10_000 };

  test('doubles up to the longest, within half of it', () => {
    const longest = [1, 2, 3, 4, 5, 6].map((failures) =>
      delayAfter(failures, undefined, backoff, 1),
    );
    expect(longest).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(delayAfter(3, undefined, backoff, 0)).toBe(2000);
  });

  test('is at least what the server requests, up to a limit', () => {
    expect(delayAfter(1, 5000, backoff, 0.5)).toBe(5000);
    expect(delayAfter(4, 10, backoff, 1)).toBe(8000);
    expect(delayAfter(1, 3_600_000, backoff, 0)).toBe(10_000);
  });
});

describe('headers', () => {
  test('Retry-After is in seconds or a date', () => {
    const now = Date.parse('2026-10-21T07:28:00Z');
    const read = (value: string) => retryAfter(new Headers({ 'Retry-After': value }), now);
    expect(read('120')).toBe(120_000);
    expect(read('Wed, 21 Oct 2026 07:28:30 GMT')).toBe(30_000);
    expect(read('Wed, 21 Oct 2026 07:00:00 GMT')).toBe(0);
    expect(read('soon')).toBeUndefined();
    expect(retryAfter(new Headers(), now)).toBeUndefined();
  });

  test('X-Goog-Hash contains an MD5, or does not', () => {
    const read = (value: string) => readGoogleMd5(new Headers({ 'X-Goog-Hash': value }));
    // The MD5 of nothing, d41d8cd98f00b204e9800998ecf8427e, in base64.
    expect(read('crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg==')).toBe(
      'd41d8cd98f00b204e9800998ecf8427e',
    );
    expect(read('md5=1B2M2Y8AsgTpgAmY7PhCfg==')).toBe('d41d8cd98f00b204e9800998ecf8427e');
    expect(read('crc32c=AAAAAA==')).toBeUndefined();
  });
});

test('rate and remaining time are reported every 15 seconds', () => {
  const lines: string[] = [];
  const report = createRateReport('FFHQ', (text) => lines.push(text));
  report(0, 2_000e6, 0);
  report(50e6, 2_000e6, 14_000);
  report(100e6, 2_000e6, 20_000);
  report(110e6, 2_000e6, 21_000);
  report(400e6, undefined, 40_000);
  expect(lines).toEqual([
    'FFHQ: 100 MB of 2000 MB, 5.0 MB/s, about 7 min left',
    'FFHQ: 400 MB, 10.0 MB/s',
  ]);
});

describe("Kaggle's credentials", () => {
  let home = temporaryFolder();
  beforeEach(() => {
    home = temporaryFolder();
  });
  afterEach(() => home.remove());

  function put(file: string, text: string): void {
    mkdirSync(dirname(join(home.path, file)), { recursive: true });
    writeFileSync(join(home.path, file), text);
  }
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  test('come from the environment before any file', () => {
    put('.kaggle/kaggle.json', '{"username":"file","key":"k"}');
    const env = { KAGGLE_USERNAME: 'env', KAGGLE_KEY: 'k2' };
    expect(kaggleAuthorization(env, home.path)).toBe(basic('env:k2'));
    expect(kaggleAuthorization({ KAGGLE_USERNAME: 'env' }, home.path)).toBe(basic('file:k'));
  });

  test('come from the named folder, then from the usual ones', () => {
    put('.config/kaggle/kaggle.json', '{"username":"config","key":"k"}');
    expect(kaggleAuthorization({}, home.path)).toBe(basic('config:k'));
    put('.kaggle/kaggle.json', '{"username":"home","key":"k"}');
    expect(kaggleAuthorization({}, home.path)).toBe(basic('home:k'));
    put('named/kaggle.json', '{"username":"named","key":"k"}');
    const env = { KAGGLE_CONFIG_DIR: join(home.path, 'named') };
    expect(kaggleAuthorization(env, home.path)).toBe(basic('named:k'));
  });

  test('may be missing', () => {
    expect(kaggleAuthorization({}, home.path)).toBeUndefined();
  });

  test.each([
    '{"username":"u","key":',
    '{"username":"u"}',
    'null',
    '{"username":1,"key":"secret"}',
  ])('that are damaged (%s) are an error that does not show them', (text) => {
    put('.kaggle/kaggle.json', text);
    const read = () => kaggleAuthorization({}, home.path);
    expect(read).toThrow(/kaggle\.json: expected \{"username": "…", "key": "…"\}\n {2}Create/);
    expect(read).not.toThrow(/secret/);
  });
});
