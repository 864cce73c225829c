/** `pipe params`: the resolved params with their origins. */
import { findRoot } from '../decide/project.js';
import { userError } from '../error.js';
import type { ParamLine } from '../pipeline/params-report.js';
import { fitted, widthsOf } from '../report/fit.js';
import { pad } from '../report/live/text-columns.js';
import { type Command, EXIT, JSON_OPTION, VARIANT_OPTIONS, variantOf } from './command.js';
import { roomOn } from './terminal.js';

export const command: Command = {
  command: 'params',
  positionals: '[path …] | diff [revision [revision]]',
  summary:
    'Prints the params and where each value comes from, or how they differ from a git revision (default: HEAD).',
  options: [
    ...VARIANT_OPTIONS,
    { name: 'all', part: 'diff', help: 'with diff: include what is equal' },
    { name: 'md', part: 'diff', help: 'with diff: print Markdown' },
    JSON_OPTION,
  ],
  notes: 'With paths such as train or train.epochs, prints only these.',
  parts: [
    {
      name: 'diff',
      positionals: '[revision [revision]]',
      summary:
        'Prints which params differ from those of a git revision (default: HEAD), or between two revisions.',
      options: ['profile', 'set', 'all', 'md', 'json'],
      notes:
        '--set applies only to the current pipeline, so the diff shows what an experiment changes.',
    },
  ],
  async run(parsed, context) {
    const { host, terminal } = context;
    const [first, ...rest] = parsed.positionals;
    if (first === 'diff') {
      const { paramsDiff } = await import('./params-diff.js');
      await paramsDiff(parsed, context, rest);
      return EXIT.done;
    }
    // Loaded here: the other commands read params from the cached plan, without the YAML parser.
    const { loadParams } = await import('../pipeline/load.js');
    const { paramLines } = await import('../pipeline/params-report.js');
    const { isPartOf, paramAt, unknownParam } = await import('../pipeline/params-tree.js');
    const tree = loadParams({ project: findRoot(host), file: host.file, ...variantOf(parsed) });
    for (const path of parsed.positionals) {
      if (paramAt(tree, path)) continue;
      const { code, message, hint } = unknownParam(path, tree);
      throw userError(code, message, hint);
    }
    const wanted = parsed.positionals;
    const lines = paramLines(tree).filter(
      ({ path }) => wanted.length === 0 || wanted.some((each) => isPartOf(path, each)),
    );
    if (parsed.flag('json')) terminal.json(lines);
    else if (lines.length === 0) terminal.out('there are no params: write them under `params:`\n');
    else terminal.out(table(lines, roomOn(terminal)));
  },
};

function table(lines: readonly ParamLine[], room: number | undefined): string {
  const rows = lines.map(({ path, value, origin }) => [path, text(value), origin]);
  return fitted(rows, room)
    .map((block) => {
      // Without a terminal, a long value shifts only the origin on its own line.
      const widths = widthsOf(block).map((width, at) => (at === 1 ? Math.min(40, width) : width));
      const line = (row: readonly string[]) => row.map((cell, at) => pad(cell, widths[at] ?? 0));
      return block.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
    })
    .join('\n');
}

/** One line: plain strings as in YAML, everything else as JSON. */
function text(value: ParamLine['value']): string {
  if (typeof value === 'string' && /^[\p{L}][\p{L}\p{N} ._/-]*$/u.test(value)) return value;
  return JSON.stringify(value);
}
