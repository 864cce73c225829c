/** Opens the build context of commands that inspect items: selection and code, before any decision. */
import { setMaxListeners } from 'node:events';
import { type Diagnostic, UserError } from '../error.js';
import type { Emit } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import { select, withNeeds } from '../pipeline/select.js';
import { isDamagedText } from '../printable.js';
import type { BuildContext } from './build-context.js';
import { openCodes } from './code.js';
import { type Interruption, NO_OPTIONS, type RunOptions } from './options.js';
import type { Project } from './project.js';
import { concealing, secretValues } from './secrets.js';

const NEVER = new AbortController().signal;

/** The targets and what they need, for inspection: runs nothing, emits no events. */
export async function inspection(
  project: Project,
  targets: readonly string[],
  interruption: Interruption = { stop: NEVER, kill: NEVER },
): Promise<BuildContext> {
  return buildFor(project, { ...NO_OPTIONS, targets, dry: true, interruption }, () => {});
}

/** The targets and what they need. */
export function buildFor(project: Project, options: RunOptions, emit: Emit): Promise<BuildContext> {
  const selected = withNeeds(project.plan, select(project.plan, options.targets));
  return buildOf(project, selected, options, emit);
}

/** Only these items, with their code. */
export async function buildOf(
  project: Project,
  selected: readonly number[],
  options: RunOptions,
  emit: Emit,
): Promise<BuildContext> {
  refuseDamagedVariables(
    selected.map((index) => project.plan.items[index] as Item),
    project.env,
  );
  // Each item that waits or executes adds a listener to them.
  setMaxListeners(0, options.interruption.stop, options.interruption.kill);
  const debugging = project.debug && (await import('./debug-decision.js'));
  const conceal = concealing(secretValues(project.plan, project.env));
  return {
    project,
    options,
    emit: (event) => emit(conceal.value(event)),
    conceal,
    codes: await openCodes(project, selected),
    selected,
    isSelected: new Set(selected),
    done: new Map(),
    settled: new Map(),
    ...(debugging && { onDecision: debugging.printDecision }),
  };
}

/**
 * Node cannot read the bytes of a value that is not UTF-8: two values would share a key, and the
 * stage would receive neither.
 *
 * @throws UserError that names every such variable
 */
function refuseDamagedVariables(items: readonly Item[], env: NodeJS.ProcessEnv): void {
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
