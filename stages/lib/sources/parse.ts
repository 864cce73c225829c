/** The `sources:` of the parameters, checked: one variant for each kind of source. */
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkText,
  checkTree,
  type Tree,
} from '@pipe-experiment/data/check.js';
import type { ImageArchive } from '@pipe-experiment/data/sources/archives.js';
import { checkGroupRule } from '@pipe-experiment/data/sources/groups.js';
import { optional } from '@pipe-experiment/data/sources/optional.js';
import { checkArchives, checkSha256 } from '@pipe-experiment/data/sources/parse-archives.js';
import type { PathSource } from '@pipe-experiment/data/sources/path.js';
import type { Selection } from '@pipe-experiment/data/sources/selection.js';
import { checkVary, type Vary } from '@pipe-experiment/images/vary.js';
import type { RenderedAnimals } from '@pipe-experiment/renderings/animals.js';
import type { RenderedFaces } from '@pipe-experiment/renderings/faces.js';
import { ANIMALS_10, FFHQ } from './datasets.js';
import type { HttpSource } from './http.js';

export type Source = RenderedFaces | RenderedAnimals | PathSource | HttpSource;

const KINDS = ['rendered-faces', 'rendered-animals', 'path', 'http', 'ffhq', 'animals-10'] as const;
const SELECTION = ['include', 'group', 'count', 'seed', 'testFrom', 'maxUnpackedBytes'] as const;

/** A source as pipeline.yaml has it: a tree, or just the path of a folder or archive. */
export function parseSource(value: unknown, name: string): Source {
  if (typeof value === 'string') return { kind: 'path', path: checkText(value, name) };
  const { vary: _, ...tree } = checkTree(value, name);
  const kind = checkChoice(tree.kind, `${name}.kind`, KINDS);
  switch (kind) {
    case 'rendered-faces':
    case 'rendered-animals':
      checkKeys(tree, name, [
        'kind',
        'count',
        'seed',
        ...(kind === 'rendered-animals' ? ['kinds'] : []),
      ]);
      return {
        kind,
        ...optional(tree, name, 'kinds', (value, of) => checkInteger(value, of, 1, 100)),
        count: checkInteger(tree.count, `${name}.count`, 1, 1_000_000),
        seed: checkInteger(tree.seed, `${name}.seed`, 0),
      };
    case 'path':
      checkKeys(tree, name, ['kind', 'path', 'sha256', 'label', 'licence', ...SELECTION]);
      return {
        kind,
        path: checkText(tree.path, `${name}.path`),
        ...optional(tree, name, 'sha256', checkSha256),
        ...optional(tree, name, 'label', checkText),
        ...optional(tree, name, 'licence', checkText),
        ...checkSelection(tree, name),
      };
    case 'http':
      return parseHttp(tree, name);
    case 'ffhq':
      return parseDataset(FFHQ, tree, name);
    case 'animals-10':
      return parseDataset(ANIMALS_10, tree, name);
    default:
      throw new TypeError(`unknown kind of source: ${JSON.stringify(kind satisfies never)}`);
  }
}

/** What any source may do to its images, so that they are less alike. */
export function parseVary(value: unknown, name: string): Vary | undefined {
  const vary = typeof value === 'string' ? undefined : checkTree(value, name).vary;
  return vary === undefined ? undefined : checkVary(vary, name);
}

/** A data set that we know: what may be chosen of it, and mirrors of its archive. */
function parseDataset(dataset: HttpSource, tree: Tree, name: string): HttpSource {
  checkKeys(tree, name, ['kind', 'archives', 'images', ...SELECTION]);
  const { images, archives, ...known } = dataset;
  return {
    ...known,
    archives: archives.map((archive) => underUser(archive, tree)),
    // How many images there are is known of the whole, not of what the user includes.
    ...(images !== undefined && tree.include === undefined && { images }),
    ...optional(tree, name, 'archives', checkArchives),
    ...optional(tree, name, 'images', (value, of) => checkInteger(value, of, 1)),
    ...checkSelection(tree, name),
  };
}

/** What the user says of the images goes before what is known of one archive's. */
function underUser(archive: ImageArchive, user: Tree): ImageArchive {
  if (user.include === undefined && user.images === undefined) return archive;
  const { images, include, ...rest } = archive;
  return { ...rest, ...(user.include === undefined && include !== undefined && { include }) };
}

function parseHttp(tree: Tree, name: string): HttpSource {
  checkKeys(tree, name, ['kind', 'archives', 'label', 'licence', 'images', ...SELECTION]);
  return {
    kind: 'http',
    archives: checkArchives(tree.archives, `${name}.archives`),
    label: checkText(tree.label, `${name}.label`),
    ...optional(tree, name, 'licence', checkText),
    ...optional(tree, name, 'images', (value, of) => checkInteger(value, of, 1)),
    ...checkSelection(tree, name),
  };
}

export function checkSelection(tree: Tree, name: string): Selection {
  const positive = (value: unknown, of: string) => checkInteger(value, of, 1);
  return {
    ...optional(tree, name, 'include', checkText),
    ...optional(tree, name, 'group', checkGroupRule),
    ...optional(tree, name, 'count', positive),
    ...optional(tree, name, 'seed', (value, of) => checkInteger(value, of, 0)),
    ...optional(tree, name, 'testFrom', positive),
    ...optional(tree, name, 'maxUnpackedBytes', (value, of) => checkNumber(value, of, 1, 1e15)),
  };
}
