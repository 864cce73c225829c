/** Which images belong together: the rule that turns a file's path into the group of a split. */
import { posix } from 'node:path';
import { checkChoice, checkKeys, checkText, checkTree } from '../check.js';
import { mistake } from '../mistake.js';

/**
 * - `file`: each image is a group of its own.
 * - `folder`: all images of a folder, such as one folder for each person.
 * - `name`: files that differ in their last number alone, such as `Ada_Lovelace_0001.jpg` and `…_0002.jpg`.
 * - `pattern`: what the first parentheses of this regular expression match in the path.
 */
export type GroupRule = 'file' | 'folder' | 'name' | { readonly pattern: string };

const RULES = ['file', 'folder', 'name'] as const;

export function checkGroupRule(value: unknown, name: string): GroupRule {
  if (typeof value !== 'object' || value === null) return checkChoice(value, name, RULES);
  const tree = checkTree(value, name);
  checkKeys(tree, name, ['pattern']);
  const pattern = checkText(tree.pattern, `${name}.pattern`);
  compile(pattern, name);
  return { pattern };
}

/** The group of each path, as a function: the rule is compiled once. */
export function groupBy(rule: GroupRule): (path: string) => string {
  if (rule === 'file') return (path) => path;
  if (rule === 'folder') return (path) => posix.dirname(path);
  if (rule === 'name') {
    return (path) =>
      path.slice(0, path.length - posix.extname(path).length).replace(/[_\-. ]?\d+$/, '');
  }
  const expression = compile(rule.pattern, 'group');
  return (path) => {
    const group = expression.exec(path)?.[1];
    if (group === undefined) {
      throw mistake(
        `group.pattern: ${rule.pattern} does not match the image ${path}`,
        'Every image needs a group: widen the pattern, or leave the image out with include.',
      );
    }
    return group;
  };
}

function compile(pattern: string, name: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    throw mistake(`${name}.pattern: ${(error as Error).message}`);
  }
}
