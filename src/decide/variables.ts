/** Checks the environment variables that stages name, before anything changes. */
import { type Diagnostic, UserError } from '../error.js';
import type { Item } from '../pipeline/plan.js';
import { isDamagedText } from '../printable.js';

/**
 * Node cannot read the bytes of a value that is not UTF-8: two values would share a key, and the
 * stage would receive neither.
 *
 * @throws UserError that names every such variable
 */
export function refuseDamagedVariables(items: readonly Item[], env: NodeJS.ProcessEnv): void {
  const found = new Map<string, Diagnostic>();
  const check = (names: readonly string[], key: string, stage: string) => {
    for (const name of names) {
      if (!isDamagedText(env[name] ?? '') || found.has(name)) continue;
      found.set(name, {
        code: 'variable-not-utf8',
        message: `the value of ${name}, under ${key} of stage "${stage}", is not valid UTF-8`,
        hint: `set ${name} to UTF-8 text; a stage reads other bytes from a file, as a dep`,
      });
    }
  };
  for (const item of items) {
    check(item.env, 'env', item.stage);
    check(item.secrets, 'secrets', item.stage);
  }
  if (found.size > 0) throw new UserError([...found.values()]);
}
