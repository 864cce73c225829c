/** A real terminal for tests: tmux on a separate socket, with its screen read as text. */
import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';

const bin = fileURLToPath(new URL('../../bin/pipe.cjs', import.meta.url));

export const HAS_TMUX = spawnSync('tmux', ['-V']).status === 0;

let terminals = 0;

export class TestTerminal {
  readonly #socket = `pipe-test-${process.pid}-${threadId}-${++terminals}`;

  /** Starts `pipe`, or another program, with these arguments; the terminal stays when it has ended. */
  constructor(
    cwd: string,
    env: Readonly<Record<string, string>>,
    args: readonly string[],
    size = { columns: 80, rows: 24 },
    program?: string,
  ) {
    const {
      CI: _ci,
      NO_COLOR: _no,
      FORCE_COLOR: _force,
      NODE_EXTRA_CA_CERTS: _certificates,
      ...rest
    } = process.env;
    const started = program === undefined ? [process.execPath, bin] : [program];
    const words = [...started, ...args].map((word) => `'${word}'`).join(' ');
    // tmux sets TERM for its programs, so we set ours again after it.
    const set = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
    const script = `trap : INT; env ${set.join(' ')} ${words}; cat`;
    const session = ['-d', '-x', String(size.columns), '-y', String(size.rows), '-c', cwd];
    const start = ['set-option', '-g', 'status', 'off', ';', 'new-session', ...session, script];
    execFileSync('tmux', ['-L', this.#socket, '-f', '/dev/null', ...start], { env: rest });
  }

  /** The text on the screen, without empty lines at the end; on request with colour escapes. */
  screen(escapes = false): string[] {
    const args = ['capture-pane', '-p', ...(escapes ? ['-e'] : [])];
    return this.#tmux(...args)
      .trimEnd()
      .split('\n');
  }

  /**
   * Waits until the screen satisfies the condition. The test's own time limit ends a futile wait.
   */
  async until(wanted: (lines: readonly string[]) => boolean): Promise<string[]> {
    for (;;) {
      const lines = this.screen();
      if (wanted(lines)) return lines;
      await delay(20);
    }
  }

  /** The first line that matches, as soon as there is one. */
  async line(pattern: RegExp): Promise<string> {
    const lines = await this.until((all) => all.some((line) => pattern.test(line)));
    return lines.find((line) => pattern.test(line)) as string;
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Keys by tmux's names, such as `q`, `Enter`, `C-c`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', '--', ...keys);
  }

  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
  }
}
