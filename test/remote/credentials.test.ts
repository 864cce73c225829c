/** How a client authenticates: AWS Signature Version 4, the credentials of the AWS tools, netrc. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findCredentials, regionOf } from '../../src/remote/aws-credentials.js';
import { netrcEntry } from '../../src/remote/open-store.js';
import { s3Base, signed } from '../../src/remote/s3.js';

/** The account and the moment of the examples that AWS publishes for S3. */
const EXAMPLE = {
  credentials: {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
  region: 'us-east-1',
  now: new Date('2013-05-24T00:00:00Z'),
};
const BUCKET = 'https://examplebucket.s3.amazonaws.com';

describe('Signature Version 4', () => {
  it('of a GET is that of the published example', () => {
    const url = new URL(`${BUCKET}/test.txt`);
    const { headers } = signed({ method: 'GET', url, headers: { range: 'bytes=0-9' } }, EXAMPLE);
    expect(headers.authorization).toContain(
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('of a PUT with a name to encode is that of the published example', () => {
    const url = new URL(`${BUCKET}/test$file.text`);
    const headers = {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    };
    const body = Buffer.from('Welcome to Amazon S3.');
    const { authorization } = signed({ method: 'PUT', url, headers, body }, EXAMPLE).headers;
    expect(authorization).toContain(
      'Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });
});

it('puts the bucket into the host at AWS, and into the path elsewhere', () => {
  const url = new URL('s3://lab/some/folder/');
  expect(s3Base(url, undefined, 'eu-west-1')).toBe(
    'https://lab.s3.eu-west-1.amazonaws.com/some/folder',
  );
  expect(s3Base(url, 'https://minio.lab/', 'x')).toBe('https://minio.lab/lab/some/folder');
});

function home(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-aws-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

function environment(files: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const folder = home(files);
  return {
    PATH: process.env.PATH,
    AWS_CONFIG_FILE: path.join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
  };
}

describe('credentials for S3', () => {
  const files = {
    credentials: '[default]\naws_access_key_id = d1\naws_secret_access_key=d2\n',
    config: `[default]\nregion = eu-central-1\n\n[profile lab]\ncredential_process = printf '{"Version":1,"AccessKeyId":"p1","SecretAccessKey":"p2","SessionToken":"p3","Expiration":"2030-01-01T00:00:00Z"}'\n[profile bad]\ncredential_process = echo no\n`,
  };

  it('come from the environment, then from a profile, then from its process', async () => {
    const env = environment(files);
    expect(await findCredentials(env)).toEqual({ accessKeyId: 'd1', secretAccessKey: 'd2' });
    expect(regionOf(env)).toBe('eu-central-1');
    expect(await findCredentials({ ...env, AWS_PROFILE: 'lab' })).toEqual({
      accessKeyId: 'p1',
      secretAccessKey: 'p2',
      sessionToken: 'p3',
      expires: Date.parse('2030-01-01T00:00:00Z'),
    });
    const own = { AWS_ACCESS_KEY_ID: 'e1', AWS_SECRET_ACCESS_KEY: 'e2', AWS_SESSION_TOKEN: 'e3' };
    expect(await findCredentials({ ...env, ...own })).toEqual({
      accessKeyId: 'e1',
      secretAccessKey: 'e2',
      sessionToken: 'e3',
    });
  });

  it('that are missing, or a process that fails, are an error with a hint', async () => {
    const env = environment(files);
    await expect(findCredentials({ ...env, AWS_PROFILE: 'none' })).rejects.toThrow(/profile none/);
    await expect(findCredentials({ ...env, AWS_PROFILE: 'bad' })).rejects.toThrow(
      /credential_process of the profile bad did not print JSON/,
    );
  });
});

it('reads the entry of a host in netrc, or the default one', () => {
  const text =
    '# a comment\nmachine other login o password p\nmachine cache.lab\n  login me\n  password secret\ndefault login anyone password none\n';
  expect(netrcEntry(text, 'cache.lab')).toEqual({ login: 'me', password: 'secret' });
  expect(netrcEntry(text, 'elsewhere')).toEqual({ login: 'anyone', password: 'none' });
  expect(netrcEntry('machine a login b password c', 'elsewhere')).toBeUndefined();
});
