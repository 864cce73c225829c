/** The name under which a plan is kept: a hash of all that it depends on. Light: loads no parser. */
import { createHash } from 'node:crypto';

/** Raised when the same inputs give another plan than before. */
const RULES = 1;

export interface PlanInputs {
  /** The text of pipeline.yaml. */
  readonly text: string | Uint8Array;
  readonly profiles: readonly string[];
  readonly set: readonly string[];
}

/** 64 hexadecimal digits. Add nothing to it but what loadPlan reads: the plan knows of no file but one. */
export function planKey({ text, profiles, set }: PlanInputs): string {
  const hash = createHash('sha256');
  hash.update(`${JSON.stringify([RULES, profiles, set])}\n`);
  return hash.update(text).digest('hex');
}
