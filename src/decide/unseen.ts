/**
 * Commands of several lines that go on behind one that fails, as the shell does: what came of that
 * would be recorded as a result. It is told and not changed: the key of an item holds its command,
 * so one command cannot mean another thing from today on.
 */
import { unseenLine } from '../pipeline/items/shell-lines.js';
import type { Item } from '../pipeline/plan.js';
import type { Project } from './project.js';

/** A warning by stage, for those of the items whose command has such a line. */
export async function unseenFailures(
  { root, variant }: Pick<Project, 'root' | 'variant'>,
  items: Iterable<Item>,
): Promise<ReadonlyMap<string, string>> {
  const lines = new Map<string, string | undefined>();
  for (const { stage, action } of items) {
    if (lines.has(stage) || action.kind !== 'shell') continue;
    lines.set(stage, unseenLine(action.command)?.text);
  }
  const found = [...lines].filter((each): each is [string, string] => each[1] !== undefined);
  if (found.length === 0) return new Map();
  const { placesOf } = await import('../pipeline/places.js');
  const places = placesOf({ project: root, ...variant });
  return new Map(
    found.map(([stage, line]) => {
      const written = places.unseenLine(stage);
      const where =
        written && `${written.place.file}:${written.place.line}:${written.place.column}: `;
      return [stage, `${where ?? ''}${warningOf(written?.text ?? line)}`];
    }),
  );
}

/** Enough of a line to recognise it. */
const LONGEST = 60;

function warningOf(line: string): string {
  const [first = ''] = line.split('\n');
  const shown = first.length > LONGEST ? `${first.slice(0, LONGEST - 1)}…` : first;
  return `a failure of \`${shown}\` would go unnoticed, since the shell goes on with the next line: begin the command with \`set -e\`, or with \`set +e\` if that is meant`;
}
