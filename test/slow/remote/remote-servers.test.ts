/** All promises about a remote cache on a shared folder, and the protocol that servers expect. */
import { describe } from 'vitest';
import {
  settlesRivals,
  staysTrue,
  survivesEveryStep,
  survivesItsDeath,
  takesAndGoesOn,
} from '../../remote/behaviours.js';
import { NGINX, nginx, s3, sharedFolder, VERSITYGW } from '../../remote/servers.js';

describe('a remote cache on a shared folder', () => {
  staysTrue(true, sharedFolder);
  settlesRivals(true, sharedFolder);
  survivesEveryStep('is killed', 29);
  survivesEveryStep('fails', 29);
});

// The rest on servers: test/long/remote.test.ts.
describe('a remote cache on nginx', () => {
  takesAndGoesOn(NGINX !== undefined, nginx);
  survivesItsDeath(NGINX !== undefined, nginx, 7);
});

describe('a remote cache on an S3 server', () => {
  takesAndGoesOn(VERSITYGW !== undefined, s3);
});
