/** Every recorded result of a project as a row, with its state in today's pipeline. */
import { neverAlways } from '../decide/build-context.js';
import { inspection } from '../decide/inspection.js';
import { predict } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import { UserError } from '../error.js';
import { depEdgesOf } from './dep-edges.js';
import { resultsNow } from './index-file.js';
import { commandFields, type ResultRow } from './row.js';
import { Upstream } from './upstream.js';

export type { ResultRow } from './row.js';

/** Oldest first. `warn`: called if the state of the pipeline or the saved index is not available. */
export async function resultsOf(
  project: Project,
  warn: (message: string) => void,
): Promise<ResultRow[]> {
  const { rows, commands } = await resultsNow(project, warn);
  const current = rows.length === 0 ? new Set() : await currentKeys(project, warn);
  const upstream = new Upstream(rows, depEdgesOf(project.plan));
  const fields = commands.map(commandFields);
  return rows.map((indexed) => {
    const { stamp, measured: _measured, made: _made, command, ...row } = indexed;
    const state = stamp === undefined ? 'removed' : current.has(row.key) ? 'current' : 'kept';
    // Copies each row only once.
    const ofCommand = fields[command ?? -1] ?? { args: {} };
    return Object.assign(row, ofCommand, { upstream: upstream.of(indexed), state } as const);
  });
}

async function currentKeys(
  project: Project,
  warn: (message: string) => void,
): Promise<ReadonlySet<string>> {
  try {
    const found = await predict(neverAlways(await inspection(project, [])));
    const keys = [...found.values()].map((each) => ('key' in each ? each.key : undefined));
    return new Set(keys.filter((key) => key !== undefined));
  } catch (error) {
    // Earlier results do not depend on whether today's code can be read.
    if (!(error instanceof UserError)) throw error;
    warn(`no result is marked as current: ${error.message}`);
    return new Set();
  }
}
