/** The `sources:` of the parameters, checked: one variant for each kind of source. */
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkText,
  checkTree,
  type Tree,
} from '../check.js';
import type { Archive } from '../http/download.js';
import { mistake } from '../mistake.js';
import type { RenderedAnimals } from './animals.js';
import { ANIMALS_10, FFHQ } from './datasets.js';
import type { RenderedFaces } from './faces.js';
import { checkGroupRule } from './groups.js';
import type { HttpSource } from './http.js';
import type { PathSource, Selection } from './path.js';

export type Source = RenderedFaces | RenderedAnimals | PathSource | HttpSource;

const KINDS = ['rendered-faces', 'rendered-animals', 'path', 'http', 'ffhq', 'animals-10'] as const;
const SELECTION = ['include', 'group', 'count', 'seed', 'testFrom', 'maxUnpackedBytes'] as const;

/** A source as pipeline.yaml has it: a tree, or just the path of a folder or archive. */
export function parseSource(value: unknown, name: string): Source {
  if (typeof value === 'string') return { kind: 'path', path: checkText(value, name) };
  const tree = checkTree(value, name);
  const kind = checkChoice(tree.kind, `${name}.kind`, KINDS);
  switch (kind) {
    case 'rendered-faces':
    case 'rendered-animals':
      checkKeys(tree, name, ['kind', 'count', 'seed']);
      return {
        kind,
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

/** A data set that we know: what may be chosen of it, and mirrors of its archive. */
function parseDataset(dataset: HttpSource, tree: Tree, name: string): HttpSource {
  checkKeys(tree, name, ['kind', 'archives', 'images', ...SELECTION]);
  const { images, ...known } = dataset;
  return {
    ...known,
    // How many images there are is known of the whole, not of what the user includes.
    ...(images !== undefined && tree.include === undefined && { images }),
    ...optional(tree, name, 'archives', checkArchives),
    ...optional(tree, name, 'images', (value, of) => checkInteger(value, of, 1)),
    ...checkSelection(tree, name),
  };
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

function checkArchives(value: unknown, name: string): readonly Archive[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw mistake(
      `${name}: expected a list of archives`,
      'For example: [{ url: https://…/a.zip }].',
    );
  }
  return value.map((item, index) => checkArchive(item, `${name}[${index}]`));
}

function checkArchive(value: unknown, name: string): Archive {
  const tree = checkTree(value, name);
  checkKeys(tree, name, ['url', 'bytes', 'sha256', 'login']);
  return {
    url: checkUrl(tree.url, `${name}.url`),
    ...optional(tree, name, 'bytes', (size, of) => checkNumber(size, of, 1, 1e15)),
    ...optional(tree, name, 'sha256', checkSha256),
    ...optional(tree, name, 'login', (login, of) => checkChoice(login, of, ['kaggle'] as const)),
  };
}

function checkUrl(value: unknown, name: string): string {
  const url = checkText(value, name);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw mistake(`${name}: expected an address that begins with http:// or https://, got ${url}`);
  }
  return url;
}

function checkSha256(value: unknown, name: string): string {
  const digest = checkText(value, name).toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) throw mistake(`${name}: expected 64 hexadecimal digits`);
  return digest;
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

/** The key with its checked value, or nothing where it is not set. */
export function optional<K extends string, T>(
  tree: Tree,
  name: string,
  key: K,
  check: (value: unknown, name: string) => T,
): { readonly [P in K]?: T } {
  if (tree[key] === undefined) return {};
  return { [key]: check(tree[key], `${name}.${key}`) } as { readonly [P in K]?: T };
}
