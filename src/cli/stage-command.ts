/** `pipe stage types`: TypeScript types of what stages receive. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { findRoot } from '../decide/project.js';
import { userError } from '../error.js';
import { nearest } from '../pipeline/document/suggest.js';
import type { Plan } from '../pipeline/plan.js';
import { namedPlace } from '../sys/real-place.js';
import { systemMessage } from '../system-message.js';
import { type Command, VARIANT_OPTIONS, variantOf } from './command.js';
import { EDIT } from './foreign-commands.js';

const NOTES =
  'The types cover the params of pipeline.yaml and of each profile. With --profile or --set, they\ncover only the pipeline that these describe.';

/** DVC has `stage add` and `stage list`. */
function noPart(part: string | undefined): Error {
  const message =
    part === undefined
      ? 'pipe stage needs a subcommand: types'
      : `pipe stage has no "${part}", only types`;
  const isTypo = part === undefined || nearest(part, ['types']) !== undefined;
  return userError('no-subcommand', message, isTypo ? 'for example `pipe stage types`' : EDIT);
}

export const command: Command = {
  command: 'stage',
  positionals: 'types [stage|item …]',
  summary: "Prints TypeScript types of stages' params, matrix, deps and outs.",
  options: [
    {
      name: 'out',
      value: 'file',
      help: 'types: write them to a file, unless it already contains them',
    },
    ...VARIANT_OPTIONS,
  ],
  notes: NOTES,
  parts: [
    {
      name: 'types',
      positionals: '[stage|item …]',
      summary: "Prints TypeScript types of stages' params, matrix, deps and outs.",
      options: ['out', 'profile', 'set'],
      notes: NOTES,
    },
  ],
  async run(parsed, { host, terminal }) {
    const [part, ...targets] = parsed.positionals;
    if (part !== 'types') throw noPart(part);
    const { loadPlan, profileNames } = await import('../pipeline/load.js');
    const { select } = await import('../pipeline/select.js');
    const { stageTypes } = await import('./stage-types.js');
    const base = { project: findRoot(host), file: host.file };
    const { profiles = [], set = [] } = variantOf(parsed);
    const isChosen = profiles.length > 0 || set.length > 0;
    const others = isChosen ? [] : profileNames(base);
    const plan = loadPlan({ ...base, profiles, set });
    const plans = [plan, ...others.map((name): Plan => loadPlan({ ...base, profiles: [name] }))];
    const wanted = new Set(select(plan, targets).map((index) => plan.items[index]?.stage));
    const text = stageTypes(plans, (stage) => targets.length === 0 || wanted.has(stage));
    const out = parsed.text('out');
    if (out === undefined) terminal.out(text);
    else writeIfNew(namedPlace(host.cwd, out), text, out);
  },
};

/** Leaving an unchanged file alone avoids a run of `pipe watch`, and a build in an editor. */
function writeIfNew(file: string, text: string, shown: string): void {
  try {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
    writeFileSync(file, text);
  } catch (error) {
    const message = systemMessage(error);
    if (message === undefined) throw error;
    const hint = 'name a file in a folder that exists';
    throw userError('option-value', `--out ${shown} cannot be written: ${message}`, hint);
  }
}
