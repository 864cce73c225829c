/** A workflow as GitHub reads it: checked by GitHub's own parser, its expressions evaluated by GitHub's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExpressionData } from '@actions/expressions/data/index';
import type { WorkflowTemplate } from '@actions/workflow-parser/model/workflow-template';
import { buildSync } from 'esbuild';
import { parse } from 'yaml';

const {
  data,
  Evaluator,
  Lexer,
  Parser,
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseWorkflow,
} = packages();

/** The parts of the context `github` that differ between events. */
export interface Event {
  readonly event_name: 'push' | 'pull_request';
  /** Empty for a push. */
  readonly base_ref: string;
}

export interface RunStep {
  readonly name: string;
  readonly script: string;
}

/** The errors that GitHub would report, in its words. */
export function mistakesOf(text: string): string[] {
  return [...read(text).context.errors.getErrors()].map(({ message }) => message);
}

/** The `with:` of the step that uses an action, without its version. */
export function inputsOf(text: string, action: string): Record<string, string> {
  interface Step {
    readonly uses?: string;
    readonly with?: Record<string, string>;
  }
  const { jobs } = parse(text) as { jobs: Record<string, { steps: readonly Step[] }> };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const step = steps.find(({ uses }) => uses?.startsWith(`${action}@`));
  if (step === undefined) throw new Error(`no step uses ${action}`);
  return step.with ?? {};
}

/** The scripts of the only job that this event starts, in order, as long as each succeeds. */
export async function runSteps(text: string, event: Event): Promise<RunStep[]> {
  const { jobs } = await template(text);
  const [job, ...others] = jobs;
  if (job?.type !== 'job' || others.length > 0) throw new Error('the workflow is to have one job');
  return job.steps.flatMap((step) => {
    if (!('run' in step) || step.run === undefined) return [];
    if (evaluate(step.if.expression, event).coerceString() !== 'true') return [];
    const script = textOf(step.run, event);
    return [{ name: step.name === undefined ? script.trim() : textOf(step.name, event), script }];
  });
}

function read(text: string) {
  return parseWorkflow({ name: 'pipe.yml', content: text }, new NoOperationTraceWriter());
}

function template(text: string): Promise<WorkflowTemplate> {
  const { context, value } = read(text);
  if (value === undefined) throw new Error('the workflow cannot be read');
  return convertWorkflowTemplate(context, value);
}

type Token = NonNullable<WorkflowTemplate['jobs'][number]['name']>;

function textOf(token: Token, event: Event): string {
  if ('expression' in token && typeof token.expression === 'string')
    return evaluate(token.expression, event).coerceString();
  return token.toString();
}

/** True while no step has failed. */
const FUNCTIONS = ['success', 'always'].map((name) => ({ name, minArgs: 0, maxArgs: 0 }));

function evaluate(expression: string, event: Event): ExpressionData {
  const entries = Object.entries(event).map(([key, value]) => ({
    key,
    value: new data.StringData(value),
  }));
  const context = new data.Dictionary({ key: 'github', value: new data.Dictionary(...entries) });
  const tree = new Parser(new Lexer(expression).lex().tokens, ['github'], FUNCTIONS).parse();
  const functions = FUNCTIONS.map(
    (each) => [each.name, { ...each, call: () => new data.BooleanData(true) }] as const,
  );
  return new Evaluator(tree, context, new Map(functions)).evaluate();
}

/** Both packages in one file: they import JSON in a way that only bundlers understand. */
function packages() {
  type Both = typeof import('@actions/expressions') & typeof import('@actions/workflow-parser');
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-workflow-'));
  try {
    const outfile = path.join(folder, 'packages.cjs');
    const contents = `export * from '@actions/expressions'; export * from '@actions/workflow-parser';`;
    const stdin = { contents, resolveDir: import.meta.dirname };
    buildSync({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs' });
    return createRequire(import.meta.url)(outfile) as Both;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
