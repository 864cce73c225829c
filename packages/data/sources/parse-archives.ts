/** `archives:` of a source, checked: files on the web, and data sets on Hugging Face. */
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
import type { HubDataset } from '../http/hub.js';
import { mistake } from '../mistake.js';
import type { ImageArchive } from './archives.js';
import { optional } from './optional.js';

export function checkArchives(value: unknown, name: string): readonly ImageArchive[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw mistake(
      `${name}: expected a list of archives`,
      'For example: [{ url: https://…/a.zip }, { huggingface: owner/name }].',
    );
  }
  return value.map((item, index) => checkArchive(item, `${name}[${index}]`));
}

const OF_ALL = ['label', 'images', 'include'] as const;

function checkArchive(value: unknown, name: string): ImageArchive {
  const tree = checkTree(value, name);
  return {
    ...(tree.huggingface === undefined ? checkFile(tree, name) : checkHubDataset(tree, name)),
    ...optional(tree, name, 'label', checkText),
    ...optional(tree, name, 'images', (count, of) => checkInteger(count, of, 1)),
    ...optional(tree, name, 'include', checkText),
  };
}

function checkFile(tree: Tree, name: string): Archive {
  checkKeys(tree, name, ['url', 'bytes', 'sha256', 'login', ...OF_ALL]);
  return {
    url: checkUrl(tree.url, `${name}.url`),
    ...optional(tree, name, 'bytes', (size, of) => checkNumber(size, of, 1, 1e15)),
    ...optional(tree, name, 'sha256', checkSha256),
    ...optional(tree, name, 'login', (login, of) => checkChoice(login, of, ['kaggle'] as const)),
  };
}

function checkHubDataset(tree: Tree, name: string): HubDataset {
  checkKeys(tree, name, ['huggingface', 'config', 'split', ...OF_ALL]);
  return {
    huggingface: checkHubName(tree.huggingface, `${name}.huggingface`),
    ...optional(tree, name, 'config', checkText),
    ...optional(tree, name, 'split', checkText),
  };
}

function checkHubName(value: unknown, name: string): string {
  const text = checkText(value, name);
  if (/^\w[\w.-]*(\/\w[\w.-]*)?$/.test(text)) return text;
  throw mistake(`${name}: expected a data set's name on Hugging Face, owner/name, got ${text}`);
}

function checkUrl(value: unknown, name: string): string {
  const url = checkText(value, name);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw mistake(`${name}: expected an address that begins with http:// or https://, got ${url}`);
  }
  return url;
}

export function checkSha256(value: unknown, name: string): string {
  const digest = checkText(value, name).toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) throw mistake(`${name}: expected 64 hexadecimal digits`);
  return digest;
}
