/** `pipe graph`: the dependency graph with each item's state. */
import type { Project } from '../decide/project.js';
import { renderDiagnostic, UserError } from '../error.js';
import { select, withNeeds } from '../pipeline/select.js';
import { mapTexts, printable } from '../printable.js';
import { type GraphNode, stateLabel } from '../report/graph-data.js';
import { graphDot, graphMermaid } from '../report/graph-diagrams.js';
import { graphText } from '../report/graph-text.js';
import {
  type Command,
  type CommandContext,
  NO_STAGES,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import type { Parsed } from './command-usage.js';
import { itemNodes, type States, stageNodes } from './graph-nodes.js';
import { statesOf } from './inspect-items.js';
import { paint } from './paint.js';
import { roomOn, type Terminal } from './terminal.js';

const FORMS = ['mermaid', 'dot', 'json'] as const;

export const command: Command = {
  command: 'graph',
  positionals: '[stage|item|pattern …]',
  summary: 'Draws the dependency graph of the stages with their states. Runs nothing.',
  options: [
    { name: 'items', help: 'draw items instead of stages' },
    { name: 'mermaid', help: 'print a Mermaid flowchart' },
    { name: 'dot', help: 'print Graphviz input' },
    { name: 'json', help: 'print JSON' },
    ...VARIANT_OPTIONS,
  ],
  notes:
    'With names, draws them and everything they depend on. The text form leaves out edges that\nfollow from others; the other forms have all edges. `pipe status` explains the states.\n○ depends on no other node. ● depends on those above it that its column and its lines lead to.',
  async run(parsed, context) {
    const form = formOf(parsed);
    const nodes = await withProject(parsed, context, (project) =>
      nodesOf(project, parsed, context),
    );
    const { terminal } = context;
    if (form === 'json') terminal.json(nodes.map((node) => plain(node, nodes)));
    else if (form === 'text' && nodes.length === 0) terminal.out(NO_STAGES);
    else terminal.raw(draw(mapTexts(nodes, printable), form, terminal));
  },
};

type Form = (typeof FORMS)[number] | 'text';

function formOf(parsed: Parsed): Form {
  const [form = 'text', second] = FORMS.filter((name) => parsed.flag(name));
  if (second === undefined) return form;
  const message = `--${form} and --${second} cannot be combined`;
  throw new UserError({
    code: 'option-conflict',
    message,
    hint: 'run the command once for each form',
  });
}

async function nodesOf(
  project: Project,
  parsed: Parsed,
  context: CommandContext,
): Promise<readonly GraphNode[]> {
  const { plan } = project;
  const indices = withNeeds(plan, select(plan, parsed.positionals));
  const states = await statesIfKnown(project, parsed.positionals, context);
  return (parsed.flag('items') ? itemNodes : stageNodes)(plan, indices, states);
}

/** A pipeline whose stage files do not exist yet has a graph too, without states. */
async function statesIfKnown(
  project: Project,
  targets: readonly string[],
  { terminal }: CommandContext,
): Promise<States> {
  try {
    return await statesOf(project, targets);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    terminal.err(`${error.diagnostics.map(renderDiagnostic).join('\n\n')}\n`);
    terminal.err('warning: the states of the items are unknown because of these errors\n');
    return undefined;
  }
}

function draw(
  nodes: readonly GraphNode[],
  form: Exclude<Form, 'json'>,
  terminal: Terminal,
): string {
  switch (form) {
    case 'mermaid':
      return graphMermaid(nodes);
    case 'dot':
      return graphDot(nodes);
    case 'text':
      return graphText(nodes, terminal.colors ? paint : undefined, roomOn(terminal));
    default:
      return form satisfies never;
  }
}

function plain(node: GraphNode, nodes: readonly GraphNode[]): object {
  const { name, items, desc, states, needs } = node;
  const byState = states && Object.fromEntries(states.map(({ state, count }) => [state, count]));
  return {
    name,
    items,
    ...(desc !== undefined && { desc }),
    ...(states && { state: stateLabel(node), states: byState }),
    needs: needs.map((need) => nodes[need]!.name),
  };
}
