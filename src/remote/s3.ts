/**
 * Requests to S3 and compatible servers, signed with AWS Signature Version 4:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHmac, hash } from 'node:crypto';
import type { Credentials } from './aws-credentials.js';
import type { Request } from './http-request.js';
import type { Authorize } from './http-store.js';
import type { Body } from './store.js';

/** SHA-256 of no bytes. */
const EMPTY = hash('sha256', '');

interface Signing {
  readonly credentials: Credentials;
  readonly region: string;
  readonly now: Date;
}

/**
 * The base URL of all names. At AWS the bucket is part of the host, at any other endpoint part of
 * the path. A bucket with a dot is in the path too, because no certificate is valid for two labels
 * before `.s3`.
 */
export function s3Base(url: URL, endpoint: string | undefined, region: string): string {
  const folder = encodedPath(url).replace(/\/+$/, '');
  const aws = `s3.${region}.amazonaws.com`;
  if (endpoint === undefined && !url.host.includes('.'))
    return `https://${url.host}.${aws}${folder}`;
  return `${(endpoint ?? `https://${aws}`).replace(/\/+$/, '')}/${url.host}${folder}`;
}

export function s3Authorize(credentials: () => Promise<Credentials>, region: string): Authorize {
  return async (request) =>
    signed(request, { credentials: await credentials(), region, now: new Date() });
}

/** The request with the headers that authenticate it. Signs all headers that it has. */
export function signed(request: Request, { credentials, region, now }: Signing): Request {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    'x-amz-content-sha256': bodyHash(request.body),
    'x-amz-date': time,
    ...(credentials.sessionToken === undefined
      ? {}
      : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    encodedPath(request.url),
    '',
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical)].join('\n');
  const key = signingKey(credentials.secretAccessKey, time.slice(0, 8), region);
  const proof = hmac(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${proof}`;
  return { ...request, headers: { ...headers, authorization } };
}

/** The last signing key, and what it was derived from: it changes once a day. */
let made: { readonly of: string; readonly key: Buffer } | undefined;

function signingKey(secret: string, day: string, region: string): Buffer {
  const of = [day, region, secret].join('\n');
  if (made?.of === of) return made.key;
  const parts = [day, region, 's3', 'aws4_request'];
  const key = parts.reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  made = { of, key };
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** The server checks this hash. */
function bodyHash(body: Body | undefined): string {
  if (body === undefined) return EMPTY;
  return Buffer.isBuffer(body) ? hash('sha256', body) : body.hex;
}

/** S3 encodes every byte except letters, digits and `-._~/`, once. */
function encodedPath(url: URL): string {
  const encode = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return decodeURIComponent(url.pathname)
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, encode))
    .join('/');
}
