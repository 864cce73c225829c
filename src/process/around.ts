/** Enclosing executions: a run that a stage starts must not wait for that stage. */
import { UserError } from '../error.js';
import { livenessOf, wordOf } from '../sys/identity.js';
import { MARK } from './family.js';
import type { Holder } from './holder.js';
import { fileNameOf } from './names.js';

/** The run would wait for an execution that ends only after the run itself. */
export class WaitsForItself extends UserError {}

export function waitsForItself(item: string, holder: string): WaitsForItself {
  return new WaitsForItself({
    code: 'run-within-itself',
    message: `${item} waits for ${holder}, and ${holder} started this run and waits for it`,
    hint: `do not run pipe inside ${holder} for items of the outer run; make what it needs a dep`,
  });
}

/** True when the holder is a run that started this process and holds it for the enclosing execution. */
export function isHeldAroundUs(env: NodeJS.ProcessEnv, holder: Holder, item: string): boolean {
  if (livenessOf(holder) !== 'alive') return false;
  const runner = wordOf(holder);
  const label = fileNameOf(item);
  return (env[MARK] ?? '').split('/').some((part) => {
    const [word, , ...rest] = part.split('.');
    return word === runner && rest.join('.') === label;
  });
}
