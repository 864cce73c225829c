/**
 * A real Grid Engine on this machine, in separate namespaces: to pipe, its node is another machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('grid-engine.sh', import.meta.url));

/** The missing programs. */
export function missingForGridEngine(): string[] {
  const missing = ['sge_qmaster', 'sge_execd', 'qsub'].filter(
    (name) => !existsSync(`/usr/lib/gridengine/${name}`),
  );
  const canUnshare = spawnSync('unshare', ['-n', '-m', '-u', 'ip', 'link']).status === 0;
  return canUnshare ? missing : [...missing, 'the right to make namespaces'];
}

export interface GridEngine {
  readonly env: Readonly<Record<string, string>>;
  /** Words before a command of Grid Engine. */
  readonly inside: string;
  stop(): Promise<void>;
}

export async function startGridEngine(): Promise<GridEngine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-sge-'));
  const env = {
    ...{ SGE_ROOT: folder, SGE_CELL: 'cell' },
    ...{ SGE_QMASTER_PORT: '6444', SGE_EXECD_PORT: '6445' },
  };
  const child = spawn('unshare', ['-n', '-m', '-u', SCRIPT, folder], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const add = (text: string) => {
      said += text;
      if (said.endsWith('ready\n')) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', add);
    child.stderr.setEncoding('utf8').on('data', add);
    void ended.then(() => reject(new Error(`Grid Engine does not start:\n${said}`)));
  });
  return {
    env,
    inside: `nsenter -t ${child.pid} -n -m -u`,
    async stop() {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
