/**
 * The schema of pipeline.yaml: the one definition that validates the file and generates the JSON
 * Schema.
 */
import * as z from 'zod';
import { DURATION, SIZE } from './quantity.js';
import type { What } from './value-errors.js';

/** Links a schema to its error texts; see value-errors.ts. */
const say = (what: What) => ({ error: what });

const HOLE = /^\$\{[^{}]+\}$/;
const VARIABLE = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const path = z.string(say('path')).min(1, say('path'));
const scalar = z.union([z.string(), z.number(), z.boolean()], say('scalar'));
const text = z.string(say('text')).min(1, say('text'));
const variables = z.array(
  z.string(say('variable')).regex(VARIABLE, say('variable')),
  say('variables'),
);

const whole = (least: number, what: What) => z.int(say(what)).min(least, say(what));
const above0 = (what: What) => z.number(say(what)).positive(say(what));

/** A value, or a placeholder for it: `${train.epochs}`. */
const orHole = <T extends z.ZodType>(value: T, what: What) =>
  z.union([value, z.string().regex(HOLE, say(what))], say(what));

const names = z.string().regex(NAME, say('name'));
const flag = z.boolean(say('flag'));
const map = <S extends z.ZodRawShape>(shape: S, what: What = 'map') =>
  z.strictObject(shape, say(what));

/** A path, or a map with a path and more. */
const pathOr = <S extends z.ZodRawShape>(what: What, of: string, shape: S) =>
  z.union([path, map({ path: path.describe(of), ...shape })], say(what));

/** By name, or in a list. */
const several = <T extends z.ZodType>(value: T) =>
  z.union([z.record(names, value, say('map')), z.array(value, say('list'))], say('paths'));

const deps = several(
  pathOr('dep', 'A file, a folder or a pattern.', {
    optional: flag
      .optional()
      .describe('The file may be absent. Creating or deleting it makes the item stale.'),
    exclude: z
      .array(path, say('list'))
      .optional()
      .describe('Files to ignore in a folder or pattern: *.tmp, notes/, raw/*.bak.'),
  }),
);

const outs = several(
  pathOr('out', 'A file or a folder.', {
    protected: flag
      .optional()
      .describe('No run overwrites or removes it. An item that would do so fails.'),
    temp: flag
      .optional()
      .describe(
        'Removed, and not kept in the cache, once all items that read it are done. Made again if needed.',
      ),
  }),
);

const column = z.string(say('column')).min(1, say('column'));
const plots = several(
  pathOr('plot', 'A table or a picture.', {
    x: column.optional().describe('The column of the horizontal axis. Default: the row number.'),
    y: z
      .union([column, z.array(column).min(1, say('columns'))], say('columns'))
      .optional()
      .describe('The columns to draw. Default: all others that contain numbers.'),
  }),
);

const cells = z.array(z.record(z.string(), scalar, say('map')), say('list'));
const axisFiles = z
  .strictObject(
    {
      glob: path
        .optional()
        .describe('The values are the base names of the files that match this pattern.'),
      strip: text.optional().describe('A suffix to remove from the names.'),
      lines: path.optional().describe('The values are the lines of this file.'),
    },
    say('axis'),
  )
  .meta({ oneOf: [{ required: ['glob'] }, { required: ['lines'] }] });
const axis = z.union(
  [z.array(scalar, say('axis')), z.string().regex(HOLE, say('axis')), axisFiles],
  say('axis'),
);
const matrix = z
  .object(
    {
      include: cells.optional().describe('Additional cells; each names every axis.'),
      exclude: cells.optional().describe('Cells to omit; a missing axis means all its values.'),
    },
    say('map'),
  )
  .catchall(axis)
  .describe('One item for each combination of the values of the axes: train@faces, train@animals.');

const mode = z.enum(['max', 'min'], say('mode')).describe('Which value is the best.');
const number = text.describe('Path of a number in metrics.json, such as val.ssim.');
const directed = map({ metric: number, mode });
const objective = z
  .union([text, directed], say('objective'))
  .describe(
    'Path of a number in metrics.json, such as val.ssim. Larger is better, unless mode is min.',
  );

const epoch = orHole(whole(1, 'epochs'), 'epochs');
const epochSearch = map({
  max: epoch.describe('The largest epoch to compute.'),
  patience: epoch.optional().describe('Stop after this many epochs without an improvement.'),
  best: objective.optional(),
});
const epochs = z
  .union([epoch, epochSearch], say('epochs'))
  .describe('The epoch to reach. A completed epoch is never computed again.');

const keep = map(
  {
    last: whole(0, 'count').optional().describe('Keep the states of the last n epochs.'),
    every: whole(1, 'every').optional().describe('Keep the state of every n-th epoch.'),
    best: objective.optional(),
  },
  'keep',
).describe('Which epoch states to keep in the cache. All metrics are kept.');

const time = z.union(
  [above0('duration'), z.string().regex(DURATION, say('duration'))],
  say('duration'),
);
const memory = z.union([whole(0, 'size'), z.string().regex(SIZE, say('size'))], say('size'));
const resources = map({
  cpu: orHole(above0('cores'), 'cores').optional().describe('Number of cores. Default: 1.'),
  gpu: orHole(whole(0, 'gpus'), 'gpus')
    .optional()
    .describe('Number of GPUs, for exclusive use. Default: 0.'),
  memory: orHole(memory, 'size').optional().describe('Bytes, or 500M, 4G (powers of 1024).'),
  time: orHole(time, 'duration')
    .optional()
    .describe('Time limit of one cluster job: 30m, 4h. A training may take several jobs.'),
}).describe('What an item uses while it runs, for scheduling.');

const deviation = z.number(say('deviation')).min(0, say('deviation'));
const deviations = z.record(z.string(), deviation, say('deviations'));
const tolerance = z
  .record(z.string(), deviations, say('map'))
  .describe('How far numbers may deviate in verify, by out (name or path) and JSON path pattern.');

const command = z
  .union(
    [z.string().min(1, say('command')), z.array(scalar, say('command')).min(1, say('command'))],
    say('command'),
  )
  .describe('A text for the shell, or a list: argv without a shell.');

const shell = z
  .enum(['sh', 'bash'], say('shell'))
  .describe('The shell for a text cmd: sh is /bin/sh -e, bash is bash -euo pipefail.');

const packages = z
  .enum(['python', 'none'], say('packages'))
  .describe('python: the versions of Python and of the imported packages are part of the key.');

const timeout = orHole(time, 'duration').describe(
  'Longest time an item may run: 90s, 30m, 2h, 1h30m, or seconds.',
);

const retries = orHole(whole(0, 'retries'), 'retries');
const param = z.string(say('param')).min(1, say('param'));
const paramNames = z.array(param, say('params'));

const stage = z
  .strictObject(
    {
      desc: z.string(say('text')).optional().describe('What the stage does, in a few words.'),
      matrix: matrix.optional(),
      run: path.optional().describe('The module of a TypeScript or JavaScript stage.'),
      cmd: command.optional(),
      shell: shell.optional(),
      packages: packages.optional(),
      deps: deps.optional().describe('The inputs: paths or patterns by name, or a list of them.'),
      params: paramNames.optional().describe('Dot paths of the params that affect the result.'),
      outs: outs.optional().describe('The outputs: paths by name, or a list of them.'),
      metrics: several(path).optional().describe('Outs that are JSON files, for pipe metrics.'),
      plots: plots
        .optional()
        .describe('Tables (CSV, TSV, JSON) and pictures (PNG, SVG, JPEG, NPY).'),
      env: variables.optional().describe('Environment variables that affect the result.'),
      secrets: variables
        .optional()
        .describe('Environment variables that are passed on, and never shown or stored.'),
      resources: resources.optional(),
      executor: text
        .optional()
        .describe('Where items run: local, slurm, or an executor of pipe.local.yaml.'),
      slurm: text
        .optional()
        .describe('Options of sbatch for this stage, such as --constraint=a100.'),
      epochs: epochs.optional(),
      keep: keep.optional(),
      timeout: timeout.optional(),
      retries: retries.optional().describe('How many times to retry a failed item.'),
      always: flag.optional().describe('Run in every run, even if the cache has the result.'),
      tolerance: tolerance.optional(),
    },
    say('stage'),
  )
  .describe('A step of the pipeline.')
  .meta({ oneOf: [{ required: ['run'] }, { required: ['cmd'] }] });

/** Any JSON value: only the stages interpret it. */
const tree = z.record(z.string(), z.unknown(), say('map'));
const source = z.union([tree, path], say('source'));
const params = z
  .union([tree, path, z.array(source, say('list'))], say('source'))
  .nullable()
  .optional()
  .describe('A map of values, a YAML or JSON file, or a list of both. Later entries override.');

const profiles = z.record(names, tree, say('profiles'));
const stages = z.record(names, stage, say('stages'));

const place = z.string(say('remote')).regex(/^(s3|https?|file):\/\/\S+$/, say('remote'));
const remoteCache = map({
  url: place.describe('s3://bucket/folder, https://host/folder or file:///folder.'),
  endpoint: z
    .string(say('endpoint'))
    .regex(/^https?:\/\/\S+$/, say('endpoint'))
    .optional()
    .describe('The URL of an S3 server that is not AWS.'),
  region: text.optional().describe('The region of the bucket. Default: that of the AWS profile.'),
  states: z
    .enum(['none', 'last', 'keep'], say('states'))
    .optional()
    .describe(
      'Which epoch states are sent: none, last (the newest, the default), or keep (all in the local cache).',
    ),
  trust: z
    .array(
      z.string(say('publicKey')).regex(/^ed25519:[A-Za-z0-9+/=]+$/, say('publicKey')),
      say('list'),
    )
    .optional()
    .describe('Public keys. A result counts only if one of them signed it.'),
});
const remote = z
  .union([place, remoteCache], say('remote'))
  .describe(
    'A remote cache, from which results are fetched and to which they are sent. Not part of any key.',
  );

const pipeline = map(
  {
    $schema: z.string(say('text')).optional().describe('The JSON Schema of this file.'),
    params,
    profiles: profiles.nullable().optional().describe('Changes of params by name, for --profile.'),
    shell: shell.optional(),
    packages: packages.optional(),
    remote: remote.optional(),
    stages: stages.describe('The stages by name.'),
  },
  'pipeline',
).meta({ title: 'pipeline.yaml', patternProperties: { '^x-': {} } });

export type StageSpec = z.infer<typeof stage>;
export type EpochsSpec = z.infer<typeof epochs>;
export type ObjectiveSpec = z.infer<typeof objective>;
export type Issue = z.core.$ZodIssue;

/** The keys a stage may have, for suggestions. */
export const STAGE_KEYS: readonly string[] = Object.keys(stage.shape);

/** The keys of the maps in the file, by the key that contains them, for suggestions. */
export const INNER_KEYS: Readonly<Record<string, readonly string[]>> = {
  remote: Object.keys(remoteCache.shape),
  resources: Object.keys(resources.shape),
  epochs: Object.keys(epochSearch.shape),
  keep: Object.keys(keep.shape),
  best: Object.keys(directed.shape),
};

/** The parts that do not fit the definition; empty for a valid file. */
export function validate(value: unknown): readonly Issue[] {
  return pipeline.safeParse(value).error?.issues ?? [];
}

/** The JSON Schema of pipeline.yaml, for editors. */
export function pipelineSchema(): object {
  return z.toJSONSchema(pipeline, { target: 'draft-7', io: 'input' });
}
