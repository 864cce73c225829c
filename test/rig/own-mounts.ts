/**
 * A folder as several machines see it: each through a separate mount by an SFTP server, with
 * attribute caches of 20 s.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const SCRIPT = fileURLToPath(new URL('own-mount.sh', import.meta.url));

const DOOR = fileURLToPath(new URL('sftp-door.cjs', import.meta.url));

const SFTP_SERVERS = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server'];

/** The missing programs. */
export function missingForMounts(): string[] {
  const hasSshfs = spawnSync('sshfs', ['--version']).status === 0;
  const mayMount = existsSync('/dev/fuse') && canMount();
  return [
    ...(hasSshfs ? [] : ['sshfs']),
    ...(SFTP_SERVERS.some((each) => existsSync(each)) ? [] : ['sftp-server']),
    ...(mayMount ? [] : ['the right to mount']),
  ];
}

export function canMount(): boolean {
  return spawnSync('unshare', ['-m', 'true']).status === 0;
}

/** Words before a command for which the folder is empty. */
export function without(folder: string): string[] {
  return ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', folder];
}

export interface Mounts {
  /** Words before a command that runs with a new mount, which stays when the command has ended. */
  around(name: string): string[];
  /** Makes a mount, and returns the words before commands that run with it. */
  make(name: string): string[];
  stop(): Promise<void>;
}

export async function mountsOf(folder: string): Promise<Mounts> {
  const program = SFTP_SERVERS.find((each) => existsSync(each)) as string;
  const server = spawn(process.execPath, [DOOR, program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string];
  const pids = mkdtempSync(path.join(tmpdir(), 'pipe-mounts-'));
  const pidOf = (name: string) => Number(readFileSync(path.join(pids, name), 'utf8'));
  const around = (name: string) => [
    ...['unshare', '-m', SCRIPT, folder, port.trim(), path.join(pids, name)],
  ];
  return {
    around,
    make(name) {
      const [first = '', ...words] = around(name);
      execFileSync(first, [...words, 'true']);
      return ['nsenter', '-t', String(pidOf(name)), '-m'];
    },
    async stop() {
      const all = readdirSync(pids).map(pidOf);
      for (const pid of all) if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
      await until(() => !all.some((pid) => existsSync(`/proc/${pid}`)));
      rmSync(pids, { recursive: true, force: true });
      server.stdin.end();
      await once(server, 'close');
    },
  };
}
