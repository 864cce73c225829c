/** The `occlusions:` of the parameters, checked and turned into settings by name. */
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkRange,
  checkTree,
  type Tree,
} from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import type { Occlusion, Shape, ShareRange } from './mask.js';

const SHAPES = ['square', 'rectangle', 'ellipse', 'strokes', 'border'] as const;

/** The most of the area that a shape can cover and still be that shape, with room to move. */
const MOST: Record<Exclude<Shape, 'square'>, number> = {
  rectangle: 0.9,
  ellipse: 0.75, // a circle touches the sides at π/4
  strokes: 0.9,
  border: 0.9,
};

/** Names of all settings, in their order. */
export function settingNames(value: unknown): readonly string[] {
  const names = Object.keys(checkTree(value, 'occlusions')).sort();
  if (names.length === 0) throw mistake('occlusions: expected at least one setting');
  return names;
}

/**
 * Settings in the order of their names, for images of size×size.
 *
 * @param wanted those in use: others may be too large for these images
 */
export function checkOcclusions(
  value: unknown,
  size: number,
  wanted: readonly string[] = settingNames(value),
): ReadonlyMap<string, Occlusion> {
  const tree = checkTree(value, 'occlusions');
  const names = settingNames(value).filter((name) => wanted.includes(name));
  return new Map(names.map((name) => [checkName(name), checkOcclusion(tree[name], name, size)]));
}

export function checkOcclusion(value: unknown, setting: string, size: number): Occlusion {
  const name = `occlusions.${setting}`;
  const tree = checkTree(value, name);
  const shape = checkChoice(tree.shape, `${name}.shape`, SHAPES);
  switch (shape) {
    case 'square':
      return checkSquare(tree, name, size);
    case 'rectangle':
    case 'ellipse':
      checkKeys(tree, name, ['shape', 'area', 'ratio']);
      return {
        shape,
        area: checkArea(tree.area, `${name}.area`, MOST[shape]),
        ...(tree.ratio === undefined
          ? {}
          : { ratio: checkRange(tree.ratio, `${name}.ratio`, 0.1, 10) }),
      };
    case 'strokes':
      checkKeys(tree, name, ['shape', 'area', 'width']);
      return {
        shape,
        area: checkArea(tree.area, `${name}.area`, MOST[shape]),
        ...(tree.width === undefined
          ? {}
          : { width: checkRange(tree.width, `${name}.width`, 1, size) }),
      };
    case 'border':
      checkKeys(tree, name, ['shape', 'area']);
      return { shape, area: checkArea(tree.area, `${name}.area`, MOST[shape]) };
    default:
      throw new TypeError(`unknown shape: ${JSON.stringify(shape satisfies never)}`);
  }
}

function checkSquare(tree: Tree, name: string, size: number): Occlusion {
  checkKeys(tree, name, ['shape', 'side', 'count']);
  const side = checkInteger(tree.side, `${name}.side`, 1, size - 1);
  if (tree.count === undefined) return { shape: 'square', side };
  return { shape: 'square', side, count: checkInteger(tree.count, `${name}.count`, 1, 1000) };
}

/** A share, or a range of them. */
function checkArea(value: unknown, name: string, most: number): ShareRange {
  if (Array.isArray(value)) return checkRange(value, name, 0.001, most);
  const share = checkNumber(value, name, 0.001, most);
  return [share, share];
}

/** A setting's name becomes a file's name. */
function checkName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) {
    throw mistake(`occlusions.${name}: a name holds letters, digits, - and _ only`);
  }
  return name;
}
