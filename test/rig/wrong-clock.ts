/** Programs whose clock is wrong, by libfaketime. Times of files stay those of the file system, as with a file server. */
import { spawnSync } from 'node:child_process';

const asked = spawnSync('faketime', ['-m', '-f', '+1h', 'printenv', 'LD_PRELOAD'], {
  encoding: 'utf8',
});

export function missingForWrongClocks(): string[] {
  return asked.status === 0 ? [] : ['faketime'];
}

/** @param offset `+1h` or `-1h` */
export function wrongClock(offset: string) {
  return {
    // Null without faketime: then the tests are skipped.
    LD_PRELOAD: asked.stdout?.trim() ?? '',
    FAKETIME: offset,
    NO_FAKE_STAT: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** A line of a shell that sets the clock of the programs after it. */
export function wrongClockLine(offset: string): string {
  const words = Object.entries(wrongClock(offset)).map(([name, value]) => `${name}='${value}'`);
  return `export ${words.join(' ')}`;
}

/** The clock is an hour ahead where the folder does not exist yet, and afterwards an hour behind. */
export function firstAhead(folder: string): string {
  return `if mkdir ${folder}; then ${wrongClockLine('+1h')}; else ${wrongClockLine('-1h')}; fi`;
}
