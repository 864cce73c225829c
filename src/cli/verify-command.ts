/** `pipe verify`: executes items again and compares the results. */
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { summaryOf, type Verified } from '../compare/verified.js';
import { userError } from '../error.js';
import type { RunEvent } from '../event.js';
import { plainLines } from '../report/plain.js';
import {
  verifiedAnnotations,
  verifiedJUnit,
  verifiedLines,
  verifiedMarkdown,
  verifiedSummary,
} from '../report/verify-report.js';
import { makeFolder } from '../sys/make-folder.js';
import { namedPlace } from '../sys/real-place.js';
import { verify } from '../verify/verify-items.js';
import { positive } from './args.js';
import {
  type Command,
  type CommandContext,
  EXIT,
  JSON_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import { requireOwnFile, wrote } from './output.js';

export const command: Command = {
  command: 'verify',
  positionals: '[stage|item|pattern …]',
  summary:
    'Runs the named items again, without the cache, each in a fresh folder with only its deps,\nand compares the outs with pipeline.lock, or with the cache if the item is not in the lock.',
  options: [
    ...VARIANT_OPTIONS,
    { name: 'runs', value: 'n', help: 'run each item n times, and compare the runs as well' },
    {
      name: 'epochs',
      value: 'n',
      help: 'run only the first n epochs of incremental items, and compare their states',
    },
    { name: 'concurrency', value: 'n', help: 'cores to use (default: all)' },
    { name: 'report', value: 'file', multiple: true, help: 'write Markdown (.md) or JUnit (.xml)' },
    JSON_OPTION,
  ],
  notes:
    'Exit: 0 everything is equal, 3 something differs, 1 a stage failed or a report cannot be\nwritten, 2 an error.\nOn GitHub Actions, differences are annotated and the job gets a summary.',
  async run(parsed, context) {
    const reports = parsed
      .texts('report')
      .map((file) => reportTo(file, namedPlace(context.host.cwd, file)));
    const { out, json } = context.terminal;
    const isJson = parsed.flag('json');
    const results = await withProject(parsed, context, (project) =>
      verify(
        project,
        {
          targets: parsed.positionals,
          runs: positive(parsed, 'runs') ?? 1,
          epochs: positive(parsed, 'epochs'),
          concurrency: positive(parsed, 'concurrency'),
          interruption: context.interruption,
        },
        (event) => {
          if (!isJson) for (const line of eventLines(event)) out(`${line}\n`);
        },
        (verified) => {
          if (!isJson) for (const line of verifiedLines(verified)) out(`${line}\n`);
        },
      ),
    );
    if (isJson) json(results);
    else out(`${verifiedSummary(results)}\n`);
    const written = reports.map((write) => write(context, results));
    written.push(tellGitHub(context, results, isJson));
    const code = exitCode(context, results);
    return code === EXIT.done && written.includes(false) ? EXIT.failed : code;
  },
};

/** Shows the progress of long executions: epochs, and waiting. */
function eventLines(event: RunEvent): string[] {
  switch (event.type) {
    case 'waiting':
    case 'warning':
    case 'epoch':
      return plainLines(event, false);
    default:
      return [];
  }
}

/** False if the report cannot be written. */
type WriteReport = (context: CommandContext, results: readonly Verified[]) => boolean;

/** Checks this before the executions, which may take hours. */
function reportTo(file: string, target: string): WriteReport {
  const make = { '.md': verifiedMarkdown, '.xml': verifiedJUnit }[path.extname(file)];
  if (make === undefined) {
    throw userError(
      'option-value',
      `--report cannot write "${file}"`,
      'name a file that ends in .md or .xml',
    );
  }
  const start =
    make === verifiedMarkdown
      ? '## pipe verify: '
      : '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ';
  requireOwnFile('--report', file, target, start);
  return ({ terminal }, results) => {
    const write = () => {
      makeFolder(path.dirname(target));
      writeFileSync(target, make(results));
    };
    return wrote(file, write, terminal.err);
  };
}

function tellGitHub(
  { host, terminal }: CommandContext,
  results: readonly Verified[],
  isJson: boolean,
): boolean {
  if (host.env.GITHUB_ACTIONS !== 'true') return true;
  // GitHub reads workflow commands from stderr too, and stdout may be JSON.
  const say = isJson ? terminal.err : terminal.out;
  for (const line of verifiedAnnotations(results)) say(`${line}\n`);
  const summary = host.env.GITHUB_STEP_SUMMARY;
  if (summary === undefined || summary === '') return true;
  return wrote(summary, () => appendFileSync(summary, verifiedMarkdown(results)), terminal.err);
}

function exitCode({ interruption }: CommandContext, results: readonly Verified[]): number {
  if (interruption.stop.aborted) return EXIT.interrupted;
  const { failed, differs } = summaryOf(results);
  if (failed > 0) return EXIT.failed;
  return differs > 0 ? EXIT.difference : EXIT.done;
}
