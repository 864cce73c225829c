/** Runs a short program in a Python interpreter. */
import { execFile } from 'node:child_process';
import { userError } from '../error.js';

/** The folder in which it runs. */
interface PythonPlace {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Long enough for an interpreter on a network file system. */
const LONGEST_MS = 60_000;

/**
 * Returns the program's output.
 *
 * @throws UserError when the interpreter does not start, or the program fails
 */
export function askPython(
  interpreter: string,
  program: string,
  { folder, env }: PythonPlace,
): Promise<string> {
  const options = { cwd: folder, env: { ...env }, timeout: LONGEST_MS, maxBuffer: 1 << 24 };
  return new Promise((resolve, reject) => {
    execFile(interpreter, ['-c', program], options, (error, output, complaint) => {
      if (error === null) resolve(output);
      else {
        const cause = complaint.trim().split('\n').at(-1) || error.message;
        reject(
          userError(
            'python-failed',
            `${interpreter} did not report its version: ${cause}`,
            'repair or recreate the environment',
          ),
        );
      }
    });
  });
}
