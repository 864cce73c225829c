/** Dividing images into train and test so that no group is on both sides. */
import { mistake } from '@pipe-experiment/data/mistake.js';
import { createRandom, type Random } from '@pipe-experiment/data/random.js';

/** `split.json`: indices into images.npy, ascending. */
export interface Split {
  readonly train: readonly number[];
  readonly test: readonly number[];
  /** How many groups each side has. */
  readonly groups: { readonly train: number; readonly test: number };
  readonly requested: SplitSizes;
  /** What did not go as asked; the report shows it. */
  readonly notes: readonly string[];
}

export interface SplitSizes {
  readonly train: number;
  readonly test: number;
}

export interface Member {
  readonly group: string;
  /** The side that the data set itself assigns. */
  readonly part?: 'train' | 'test';
}

interface Group {
  readonly name: string;
  readonly members: readonly number[];
}

/**
 * Chooses test groups, then draws the train images from what is left.
 *
 * The test size is kept, whatever the train size: groups are taken in a random order, passing over
 * those with more images than are still missing, and the last few images come from the smallest group
 * that has enough of them, whose others are then used on neither side. So a very large group (one
 * person with 500 portraits) tends to be in the train set.
 */
export function splitByGroup(members: readonly Member[], sizes: SplitSizes, seed: number): Split {
  const random = createRandom(seed, 'split');
  const groups = random.shuffle(collectGroups(members));
  const forTest = groups.filter((group) => mayBe('test', group, members));
  const test = takeTest(forTest, sizes.test);
  const left = groups.filter(
    (group) => !test.names.has(group.name) && mayBe('train', group, members),
  );
  const train = takeTrain(left, sizes.train, random);
  if (train.length === 0) {
    throw mistake(
      `nothing is left to train on: the ${sizes.test} test images take every group`,
      'Ask for fewer test images, or bring more images, or groups that are smaller.',
    );
  }
  return {
    train,
    test: test.members,
    groups: { train: countGroups(train, members), test: test.names.size },
    requested: { train: sizes.train, test: sizes.test },
    notes: train.length < sizes.train ? [capNote(members.length, sizes, train.length)] : [],
  };
}

function collectGroups(members: readonly Member[]): Group[] {
  const groups = new Map<string, number[]>();
  for (const [index, { group }] of members.entries()) {
    const known = groups.get(group);
    if (known) known.push(index);
    else groups.set(group, [index]);
  }
  return [...groups]
    .map(([name, indices]) => ({ name, members: indices }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether all of the group may be on that side; a group that the data set itself splits is on neither. */
function mayBe(part: 'train' | 'test', group: Group, members: readonly Member[]): boolean {
  return group.members.every((index) => (members[index]!.part ?? part) === part);
}

function takeTest(
  groups: readonly Group[],
  size: number,
): { members: number[]; names: Set<string> } {
  const names = new Set<string>();
  const members: number[] = [];
  for (const group of groups) {
    if (members.length + group.members.length > size) continue;
    names.add(group.name);
    members.push(...group.members);
  }
  const missing = size - members.length;
  if (missing > 0) {
    const last = groups
      .filter((group) => !names.has(group.name) && group.members.length >= missing)
      .reduce<Group | undefined>(
        (least, group) => (least && least.members.length <= group.members.length ? least : group),
        undefined,
      );
    if (last === undefined) throw tooFew(groups, size);
    names.add(last.name);
    members.push(...last.members.slice(0, missing));
  }
  return { members: members.sort(ascending), names };
}

function takeTrain(groups: readonly Group[], size: number, random: Random): number[] {
  const members = groups.flatMap((group) => group.members).sort(ascending);
  if (members.length <= size) return members;
  return random.shuffle(members).slice(0, size).sort(ascending);
}

function tooFew(groups: readonly Group[], size: number): Error {
  const available = groups.reduce((total, group) => total + group.members.length, 0);
  return mistake(
    `${size} test images are asked for, but only ${available} may be in the test set`,
    'Set split.test lower, or bring more images.',
  );
}

function capNote(available: number, { train, test }: SplitSizes, taken: number): string {
  return (
    `The train set is capped: ${train} train and ${test} test images were asked for, ` +
    `but the set has ${available}. All ${test} test images are kept, ${taken} are left to train on.`
  );
}

function countGroups(indices: readonly number[], members: readonly Member[]): number {
  return new Set(indices.map((index) => members[index]!.group)).size;
}

function ascending(a: number, b: number): number {
  return a - b;
}
