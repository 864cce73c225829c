/** What pipeline.yaml may hold: the one definition that validates it and gives the JSON Schema. */
import * as z from 'zod';
import type { What } from './expected.js';
import { DURATION, SIZE } from './quantity.js';

/** Ties a schema to the words of its mistake; see expected.ts. */
const say = (what: What) => ({ error: what });

const HOLE = /^\$\{[^{}]+\}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const path = z.string(say('path')).min(1, say('path'));
const scalar = z.union([z.string(), z.number(), z.boolean()], say('scalar'));
const hole = z
  .string()
  .regex(HOLE)
  .describe('A value from params or the matrix, such as ${train.epochs}.');
const count = z.int(say('count')).min(0, say('count'));
const positive = z.number(say('positive')).positive(say('positive'));
const variables = z.array(z.string(say('variable')).regex(VARIABLE, say('variable')), say('list'));

const named = z.record(z.string().regex(NAME, say('name')), path, say('map'));
const paths = z.union([named, z.array(path, say('list'))], say('paths'));

const cell = z.record(z.string(), scalar, say('map'));
const matrix = z
  .object(
    {
      include: z
        .array(cell, say('list'))
        .optional()
        .describe('Cells besides the product of the axes; each names every axis.'),
      exclude: z
        .array(cell, say('list'))
        .optional()
        .describe('Cells to leave out; an axis that is not named stands for all its values.'),
    },
    say('map'),
  )
  .catchall(z.union([z.array(scalar, say('axis')), hole], say('axis')))
  .describe('One item for each combination of the values of the axes: train@faces, train@animals.');

const objective = z
  .union(
    [
      z.string().min(1),
      z.strictObject({ metric: z.string().min(1), mode: z.enum(['max', 'min'], say('mode')) }),
    ],
    say('objective'),
  )
  .describe(
    'Path into the metrics of an epoch, such as val.ssim; larger is better unless mode is min.',
  );

const target = z.union([z.int().min(1), hole], say('epochs'));
const epochs = z
  .union(
    [
      z.int().min(1),
      hole,
      z.strictObject({
        max: target.describe('The last epoch that may be reached.'),
        patience: z
          .union([z.int().min(1), hole], say('epochs'))
          .optional()
          .describe('Stop when the best has not improved for so many epochs.'),
        best: objective.optional(),
      }),
    ],
    say('epochs'),
  )
  .describe(
    'The epoch to reach: an incremental stage, of which no completed epoch is computed twice.',
  );

const keep = z
  .strictObject(
    {
      last: count.optional().describe('States of the last n epochs.'),
      every: z
        .int(say('every'))
        .min(1, say('every'))
        .optional()
        .describe('State of every n-th epoch.'),
      best: objective.optional(),
    },
    say('map'),
  )
  .describe(
    'Which states of an incremental stage stay in the cache. The metrics of all epochs stay.',
  );

const resources = z
  .strictObject(
    {
      cpu: z
        .union([z.number().positive(), hole], say('cores'))
        .optional()
        .describe('Cores; 1 if absent.'),
      gpu: z
        .union([z.int().min(0), hole], say('gpus'))
        .optional()
        .describe('GPUs, each held alone.'),
      memory: z
        .union([z.int().min(0), z.string().regex(SIZE), hole], say('size'))
        .optional()
        .describe('Bytes, or a size such as 500M or 4G (powers of 1024).'),
    },
    say('map'),
  )
  .describe('What an item takes up while it runs.');

const tolerance = z
  .record(
    z.string(),
    z.record(z.string(), z.number(say('deviation')).min(0, say('deviation')), say('map')),
    say('map'),
  )
  .describe(
    'By out (its name or path) and JSON path pattern, how far verify lets numbers deviate.',
  );

const stage = z
  .strictObject(
    {
      desc: z.string(say('text')).optional().describe('What the stage does, in a few words.'),
      matrix: matrix.optional(),
      run: path.optional().describe('A TypeScript or JavaScript stage: its module.'),
      cmd: z
        .union([z.string().min(1), z.array(scalar).min(1)], say('command'))
        .optional()
        .describe('A command for /bin/sh; a list is argv without a shell.'),
      deps: paths.optional().describe('What is read: path or pattern by name, or a list of them.'),
      params: z
        .array(z.string(say('text')).min(1, say('text')), say('list'))
        .optional()
        .describe('Dot paths of the params that the stage uses; nothing else of params counts.'),
      outs: paths.optional().describe('What is written: path by name, or a list of paths.'),
      metrics: paths.optional().describe('Outs that are JSON files which pipe metrics reads.'),
      env: variables.optional().describe('Variables whose value decides on the result.'),
      secrets: variables
        .optional()
        .describe('Variables that are passed on and never shown or kept.'),
      resources: resources.optional(),
      epochs: epochs.optional(),
      keep: keep.optional(),
      timeout: z
        .union([positive, z.string().regex(DURATION), hole], say('duration'))
        .optional()
        .describe('Longest time an item may run: 90s, 30m, 2h, 1h30m, or seconds.'),
      retries: z
        .union([z.int().min(0), hole], say('retries'))
        .optional()
        .describe('How often a failed item is tried again.'),
      always: z
        .boolean(say('flag'))
        .optional()
        .describe('Run each time, whatever the cache holds.'),
      tolerance: tolerance.optional(),
    },
    say('stage'),
  )
  .describe('A step of the pipeline.')
  .meta({ oneOf: [{ required: ['run'] }, { required: ['cmd'] }] });

/** Anything that JSON holds: what is in it is the stages' business. */
const tree = z.record(z.string(), z.unknown(), say('map'));

const pipeline = z
  .strictObject(
    {
      $schema: z
        .string()
        .optional()
        .describe('Where an editor finds the JSON Schema of this file.'),
      params: tree
        .nullable()
        .optional()
        .describe('A tree of values; a stage names the parts it uses.'),
      profiles: z
        .record(z.string().regex(NAME, say('name')), tree, say('map'))
        .nullable()
        .optional()
        .describe('Trees that --profile lays over params.'),
      stages: z
        .record(z.string().regex(NAME, say('name')), stage, say('map'))
        .describe('The stages by name.'),
    },
    say('map'),
  )
  .meta({ title: 'pipeline.yaml', patternProperties: { '^x-': {} } });

export type StageSpec = z.infer<typeof stage>;
export type EpochsSpec = z.infer<typeof epochs>;
export type ObjectiveSpec = z.infer<typeof objective>;
export type MatrixSpec = z.infer<typeof matrix>;
export type Issue = z.core.$ZodIssue;

/** The keys a stage may have, for suggestions. */
export const STAGE_KEYS: readonly string[] = Object.keys(stage.shape);

/** What does not fit the definition; empty for a valid file. */
export function validate(value: unknown): readonly Issue[] {
  return pipeline.safeParse(value).error?.issues ?? [];
}

/** The JSON Schema of pipeline.yaml, for editors. */
export function pipelineSchema(): object {
  return z.toJSONSchema(pipeline, { target: 'draft-7', io: 'input' });
}
