/** The quantities of a stage: resources, epochs, keep, timeout, retries; each may be a param. */
import { isTree } from '../../json.js';
import type { Json } from '../../stage/context.js';
import { type AstNode, child, keyAt, type Path, partAt, spanAt } from '../document/ast.js';
import type { EpochsSpec, ObjectiveSpec, StageSpec } from '../document/pipeline-schema.js';
import { parseDuration, parseSize } from '../document/quantity.js';
import { EXPECTED, mistakeOf, type What } from '../document/value-errors.js';
import type { EpochPlan, Item, Keep, Objective, Resources } from '../plan.js';
import {
  givenBy,
  type Means,
  parseTemplate,
  placeholderText,
  wholePlaceholder,
} from './fill-placeholders.js';

interface Fields extends Means {
  readonly spec: StageSpec;
  /** Paths of the params that the item lists. */
  readonly listed: readonly string[];
  readonly node: AstNode;
}

type Limits = Pick<Item, 'resources' | 'threads' | 'retries' | 'epochs' | 'timeout' | 'time'>;

export function limitsOf(fields: Fields): Limits {
  const { spec } = fields;
  const epochs = spec.epochs === undefined ? undefined : epochsOf(spec.epochs, fields);
  const timeout =
    spec.timeout === undefined ? undefined : numberAt(['timeout'], 'duration', fields);
  if (spec.keep && !child(fields.node, 'epochs')) {
    fields.diagnostics.add(
      {
        code: 'keep-without-epochs',
        message: 'keep requires epochs',
        hint: 'add epochs, or remove keep',
      },
      keyAt(fields.node, ['keep']),
    );
  }
  const resources = resourcesOf(fields);
  const time =
    spec.resources?.time === undefined
      ? undefined
      : numberAt(['resources', 'time'], 'duration', fields);
  return {
    resources,
    ...(time !== undefined && { time }),
    ...(spec.resources?.cpu !== undefined && { threads: Math.max(1, Math.floor(resources.cpu)) }),
    retries: spec.retries === undefined ? 0 : (numberAt(['retries'], 'retries', fields) ?? 0),
    ...(epochs && { epochs }),
    ...(timeout !== undefined && { timeout }),
  };
}

function resourcesOf(fields: Fields): Resources {
  const { cpu, gpu, memory } = fields.spec.resources ?? {};
  return {
    cpu: cpu === undefined ? 1 : (numberAt(['resources', 'cpu'], 'cores', fields) ?? 1),
    memory: memory === undefined ? 0 : (numberAt(['resources', 'memory'], 'size', fields) ?? 0),
    gpu: gpu === undefined ? 0 : (numberAt(['resources', 'gpu'], 'gpus', fields) ?? 0),
  };
}

function epochsOf(spec: EpochsSpec, fields: Fields): EpochPlan | undefined {
  const full = typeof spec === 'object' ? spec : undefined;
  const at = full ? ['epochs', 'max'] : ['epochs'];
  const target = numberAt(at, 'epochs', fields);
  if (target === undefined) return undefined;
  const param = paramNamed(partAt(fields.node, at), fields);
  const patience =
    full?.patience === undefined ? undefined : numberAt(['epochs', 'patience'], 'epochs', fields);
  if (full?.patience !== undefined && !full.best) {
    const message = 'patience requires best';
    const mistake = { code: 'patience-without-best', message, hint: 'as in: best: val.ssim' };
    fields.diagnostics.add(mistake, keyAt(fields.node, ['epochs', 'patience']));
  }
  const keep = fields.spec.keep && keepOf(fields.spec.keep);
  return {
    target,
    ...(param !== undefined && { param }),
    ...(patience !== undefined && { patience }),
    ...(full?.best && { best: objectiveOf(full.best) }),
    ...(keep && { keep }),
  };
}

/** The path of the param that the value names, or of its entry if the item lists that; undefined for an axis. */
function paramNamed(node: AstNode, { lookup, diagnostics, listed }: Fields): string | undefined {
  if (typeof node.value !== 'string') return undefined;
  const placeholder = wholePlaceholder(parseTemplate(node.value, node, diagnostics));
  if (!placeholder) return undefined;
  const found = lookup(placeholder.name);
  if (typeof found !== 'object' || !('value' in found) || !found.origin) return undefined;
  const { path } = found;
  return path !== undefined && listed.includes(path) ? path : placeholder.name;
}

function keepOf({ last, every, best }: NonNullable<StageSpec['keep']>): Keep {
  return {
    ...(last !== undefined && { last }),
    ...(every !== undefined && { every }),
    ...(best !== undefined && { best: objectiveOf(best) }),
  };
}

function objectiveOf(spec: ObjectiveSpec): Objective {
  return typeof spec === 'string' ? { metric: spec, mode: 'max' } : spec;
}

type Quantity = 'cores' | 'size' | 'gpus' | 'retries' | 'epochs' | 'duration';

/** The number at `path` of the stage, or of the param named there. */
function numberAt(path: Path, what: Quantity & What, fields: Fields): number | undefined {
  const { node, diagnostics } = fields;
  const part = partAt(node, path);
  let value = part.value;
  let name = '';
  let hint: string | undefined;
  if (typeof value === 'string' && value.includes('${')) {
    const template = parseTemplate(value, part, diagnostics);
    const placeholder = wholePlaceholder(template);
    const found = placeholder && placeholderText(placeholder, template, fields);
    if (!placeholder || found === undefined) return undefined;
    value = found.value;
    const [key] = found.path === undefined && isTree(value) ? Object.keys(value) : [];
    if (key !== undefined)
      hint = `only an item of a matrix gets its own entry: name one, as in \${${placeholder.name}.${key}}`;
    name = ` from \${${placeholder.name}}${givenBy(placeholder, fields.lookup)}`;
  }
  const number = PARSERS[what](value);
  if (number !== undefined) return number;
  const mistake = mistakeOf(EXPECTED[what], value, name);
  diagnostics.add(hint === undefined ? mistake : { ...mistake, hint }, spanAt(node, path));
  return undefined;
}

const whole = (least: number) => (value: Json) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least ? value : undefined;

const PARSERS: Readonly<Record<Quantity, (value: Json) => number | undefined>> = {
  cores: (value) => (typeof value === 'number' && value > 0 ? value : undefined),
  size: parseSize,
  gpus: whole(0),
  retries: whole(0),
  epochs: whole(1),
  duration: parseDuration,
};
