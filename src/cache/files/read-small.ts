/** Reads small files in few system calls: the index of results reads thousands of them. */
import { closeSync, constants, openSync, readSync } from 'node:fs';

const BUFFER = Buffer.allocUnsafeSlow(32 * 1024);
const FOR_READING = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The result of `use`, called with the bytes, which are valid only during the call, and with the
 * open file. Undefined for a file that is long or cannot be read: the slow path finds out why,
 * and reports it.
 */
export function withSmallFile<T>(
  file: string,
  use: (bytes: Buffer, handle: number) => T,
): T | undefined {
  let handle: number;
  try {
    handle = openSync(file, FOR_READING);
  } catch {
    return undefined;
  }
  try {
    const length = read(handle);
    return length < BUFFER.length ? use(BUFFER.subarray(0, length), handle) : undefined;
  } finally {
    closeSync(handle);
  }
}

/** The size of the buffer if the file cannot be read. */
function read(handle: number): number {
  try {
    return readSync(handle, BUFFER);
  } catch {
    return BUFFER.length;
  }
}
