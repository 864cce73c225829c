/** Results of `verify` as lines, Markdown, JUnit XML and GitHub Actions annotations. Pure. */
import { type Finding, summaryOf, type Verified } from '../compare/verified.js';
import { printable } from '../printable.js';
import { escapeMarkdown, markdownTable } from './text-table.js';
import { duration } from './wording.js';

/** The line of an item and those of its findings. */
export function verifiedLines(verified: Verified): string[] {
  const { item, seconds, against, findings, tail, log } = verified;
  const compared = verified.verdict === 'failed' ? '' : `, compared with ${against}`;
  const lines = [
    `${item}: ${words(verified)} in ${duration(seconds)}${compared}`,
    ...findings.map((finding) => `  ${findingText(finding)}`),
    ...(tail.length > 0 ? ['  its last lines:', ...tail.map((line) => `  | ${line}`)] : []),
    ...(log === undefined ? [] : [`  full log: ${log}`]),
  ];
  return lines.map(printable);
}

/** `pipe: 5 same, 1 differs`. */
export function verifiedSummary(results: readonly Verified[]): string {
  const { same, tolerated, differs, failed, cancelled } = summaryOf(results);
  const sometimes = [
    [tolerated, 'within tolerance'],
    [differs, differs === 1 ? 'differs' : 'differ'],
    [failed, 'failed'],
    [cancelled, 'cancelled'],
  ] as const;
  const parts = sometimes.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `pipe: ${[`${same} same`, ...parts].join(', ')}`;
}

/** A page: the summary, a table, and the findings of each item that is not the same. */
export function verifiedMarkdown(results: readonly Verified[]): string {
  const table = markdownTable([
    ['item', 'verdict', 'compared with', 'time'],
    ...results.map((each) => [each.item, words(each), each.against, duration(each.seconds)]),
  ]);
  const stories = results
    .filter(({ findings }) => findings.length > 0)
    .map(({ item, findings, tail }) => {
      const list = findings.map((each) => `- ${escapeMarkdown(findingText(each))}\n`).join('');
      const output = tail.length > 0 ? `\n${tail.map((line) => `    ${line}\n`).join('')}` : '';
      return `\n### ${escapeMarkdown(item)}\n\n${list}${output}`;
    });
  const summary = verifiedSummary(results).replace('pipe: ', '');
  return `## pipe verify: ${summary}\n\n${table}${stories.join('')}`;
}

/** A test case for each item: a difference is a failure, a failed stage an error. */
export function verifiedJUnit(results: readonly Verified[]): string {
  const { differs, failed, cancelled } = summaryOf(results);
  const seconds = results.reduce((sum, each) => sum + each.seconds, 0);
  const counts = `tests="${results.length}" failures="${differs}" errors="${failed}" skipped="${cancelled}" time="${seconds.toFixed(3)}"`;
  const cases = results.map(testCase).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n<testsuite name="pipe verify" ${counts}>\n${cases}</testsuite>\n</testsuites>\n`;
}

/** Workflow commands, which GitHub displays on the page of the check. */
export function verifiedAnnotations(results: readonly Verified[]): string[] {
  return results
    .filter(({ verdict }) => verdict === 'differs' || verdict === 'failed')
    .flatMap(({ item, findings }) =>
      findings.map((finding) => {
        const text = escapeCommand(`${item}: ${findingText(finding)}`);
        return `::error file=pipeline.yaml,title=pipe verify::${text}`;
      }),
    );
}

function words({ verdict }: Verified): string {
  return verdict === 'tolerated' ? 'within tolerance' : verdict;
}

function findingText({ where, text }: Finding): string {
  return where === '' ? text : `${where}: ${text}`;
}

function testCase({ item, verdict, seconds, findings, tail }: Verified): string {
  const head = `<testcase classname="pipe" name="${escapeXml(item)}" time="${seconds.toFixed(3)}"`;
  const text = escapeXml([...findings.map(findingText), ...tail].join('\n'));
  const first = escapeXml(findings[0] === undefined ? '' : findingText(findings[0]));
  switch (verdict) {
    case 'same':
      return `${head}/>\n`;
    case 'tolerated':
      return `${head}><system-out>${text}</system-out></testcase>\n`;
    case 'differs':
      return `${head}><failure message="${first}">${text}</failure></testcase>\n`;
    case 'failed':
      return `${head}><error message="${first}">${text}</error></testcase>\n`;
    case 'cancelled':
      return `${head}><skipped/></testcase>\n`;
    default:
      return verdict satisfies never;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** XML cannot represent most control characters. */
function escapeXml(text: string): string {
  const legal = [...text].filter((each) => each >= ' ' || each === '\n' || each === '\t').join('');
  return legal.replace(/[&<>"\n]/g, (each) => ENTITIES[each] as string);
}

function escapeCommand(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
