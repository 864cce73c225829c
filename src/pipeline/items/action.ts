/** What an item executes: the module of `run`, or `cmd` with its placeholders filled. */
import type { Diagnostics } from '../document/diagnostics.js';
import type { StageSpec } from '../document/pipeline-schema.js';
import type { Action } from '../plan.js';
import { argvAction, type PatternOf, shellAction } from './expand-command.js';
import { fill, type Template } from './fill-placeholders.js';
import type { DraftDep } from './item-draft.js';
import { normalisePath, scriptMistake, slashMistake } from './paths.js';
import { type CommandScope, lookupIn, lookupInCommand } from './scope.js';

export interface ActionTemplates {
  readonly run: Template | undefined;
  readonly cmd: Template | readonly Template[] | undefined;
  /** The shell for a text `cmd`. */
  readonly shell: StageSpec['shell'];
}

/** Placeholder for an invalid action, so that the item's edges are still checked. */
const NO_ACTION: Action = { kind: 'argv', argv: [] };

export function actionOf(
  { run, cmd, shell }: ActionTemplates,
  scope: CommandScope,
  deps: readonly DraftDep[],
  diagnostics: Diagnostics,
): Action {
  if (run) return moduleAction(run, scope, diagnostics) ?? NO_ACTION;
  if (!cmd) return NO_ACTION;
  const means = { lookup: lookupInCommand(scope), patternOf: patternsIn(deps), diagnostics };
  const action = 'parts' in cmd ? shellAction(cmd, means) : argvAction(cmd, means);
  if (action?.kind === 'shell' && shell === 'bash') return { ...action, shell };
  return action ?? NO_ACTION;
}

function patternsIn(deps: readonly DraftDep[]): PatternOf {
  return (placeholder) => {
    if (!placeholder.startsWith('deps.')) return undefined;
    const found = deps.find(({ name, glob }) => glob && placeholder === `deps.${name}`);
    return found && { dep: found.name, pattern: found.path };
  };
}

function moduleAction(
  run: Template,
  scope: CommandScope,
  diagnostics: Diagnostics,
): Action | undefined {
  const text = fill(run, { lookup: lookupIn(scope), diagnostics });
  if (text === undefined) return undefined;
  const normal = normalisePath(text);
  const shape = slashMistake(run, false) ?? ('mistake' in normal ? normal.mistake : undefined);
  const mistake = shape ?? scriptMistake(text);
  if (mistake) diagnostics.add(mistake, run.node.span);
  return mistake || 'mistake' in normal ? undefined : { kind: 'module', file: normal.path };
}
