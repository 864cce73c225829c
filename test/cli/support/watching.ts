/** Watch mode under many edits, in the ways of users and their editors. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Running } from '../../rig/project.js';
import { CELLS, CHANGE_COUNT, change, depOf, normalised, SOURCES } from './edits.js';
import { evaluate } from './oracle.js';
import { Playground } from './playground.js';
import { type FileContent, plainFile, signature } from './tool.js';
import type { StageSpec, World } from './world.js';

export interface Watched {
  /** File system changes, each of which the watch may see separately. */
  readonly changes: number;
  /** Runs that ended, plus errors shown. */
  readonly runs: number;
  /** Pauses after which the outs were checked. */
  readonly pauses: number;
}

/** Much longer than any pause: a wrong state at that time stays wrong. */
const LIMIT_MS = 60_000;

/** Makes `edits` random edits with occasional pauses; throws when the outs are wrong after one. */
export async function watchStorm(edits: number, random: () => number): Promise<Watched> {
  const ground = new Playground();
  const number = (below: number) => Math.floor(random() * below);
  let world = firstWorld();
  // Edits of all kinds come while items execute.
  ground.project.env.SLOW = '0.1';
  ground.lay(world);
  const running = ground.project.start('watch', '--json', '-k');
  try {
    let pauses = 0;
    await settled(running, ground, world, 'at the start');
    for (let edit = 0; edit < edits; ) {
      for (let burst = number(6); burst >= 0 && edit < edits; burst--, edit++) {
        world = editOnce(ground, world, number);
        // Sometimes a run begins in the middle of a burst.
        if (random() < 0.3) await delay(random() * 150);
      }
      // A world that cannot run has no outs to wait for: occasionally, restores all files.
      if (isMissing(world)) {
        if (random() < 0.3) continue;
        world = { ...world, files: new Map([...firstWorld().files, ...world.files]) };
        ground.lay(world, number(4));
      }
      await settled(running, ground, world, `after ${edit} edits`);
      pauses++;
    }
    await staysIdle(running);
    running.kill('SIGTERM');
    const { code, out, err } = await running.ended;
    if (code !== 130 || err.includes('internal error')) throw new Error(`exit ${code}\n${err}`);
    const runs = out.split('\n').filter((line) => line.startsWith('{"type":"summary"')).length;
    const mistakes = err.split('\n').filter((line) => line.startsWith('error: ')).length;
    return { changes: ground.changes, runs: runs + mistakes, pauses };
  } finally {
    running.kill('SIGKILL');
    await running.ended;
    ground.dispose();
  }
}

function editOnce(ground: Playground, world: World, number: (below: number) => number): World {
  const kind = number(CHANGE_COUNT + 4);
  const [a, b] = [number(2 ** 20), number(2 ** 20)];
  switch (kind) {
    case CHANGE_COUNT:
      ground.disturb(world, 'touch', a);
      return world;
    case CHANGE_COUNT + 1:
      ground.disturb(world, 'link', a);
      return world;
    case CHANGE_COUNT + 2:
      breakForAMoment(ground);
      return world;
    case CHANGE_COUNT + 3:
      moveAwayAndBack(ground);
      return world;
    default: {
      // Restores deleted stages, so that there is always something to watch.
      const changed = change(world, { kind, a, b });
      const next =
        changed.stages.length < 4 ? { ...changed, stages: firstWorld().stages } : changed;
      ground.lay(next, number(4));
      return next;
    }
  }
}

/** Writes pipeline.yaml partially, then completely. */
function breakForAMoment(ground: Playground): void {
  const file = ground.project.path('pipeline.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, text.length / 2));
  writeFileSync(file, text);
  ground.changes += 2;
}

function moveAwayAndBack(ground: Playground): void {
  const [from, to] = [ground.project.path('src'), ground.project.path('moved')];
  if (!existsSync(from)) return;
  renameSync(from, to);
  renameSync(to, from);
  ground.changes += 2;
}

function isMissing(world: World): boolean {
  const all = evaluate(world, usersIn(world));
  return [...all.values()].some(({ missing }) => missing.length > 0);
}

/** User files in `mix/`. Nobody edits outs here, so outs of former stages never count. */
function usersIn({ files }: World): Map<string, FileContent> {
  return new Map([...files].filter(([name]) => name.startsWith('mix/')));
}

/** Resolves when every out equals that of a build from scratch. */
async function settled(
  running: Running,
  ground: Playground,
  world: World,
  when: string,
): Promise<void> {
  const wrong = () => {
    const all = evaluate(world, usersIn(world));
    return [...all.values()].filter(
      ({ out, path }) => out !== undefined && ground.onDisk(path) !== signature(out),
    );
  };
  const limit = new AbortController();
  const late = delay(LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
    const outs = wrong().map(
      ({ path, out }) => `${path} is ${ground.onDisk(path)}, not ${signature(out)}`,
    );
    const files = JSON.stringify([[...world.files], [...usersIn(world)]]);
    throw new Error(
      `${when}: ${outs.join('; ')}\n${ground.project.read('pipeline.yaml')}\n${files}\n${running.told()}`,
    );
  });
  const right = running.events(
    (events) => events.at(-1)?.type === 'summary' && wrong().length === 0,
  );
  try {
    await Promise.race([right, late]);
  } finally {
    limit.abort();
    // The loser's result is irrelevant.
    await Promise.allSettled([late]);
  }
}

/** Much longer than a watch that triggers itself takes to run again. */
const IDLE_MS = 1000;

/** Throws when runs follow each other without changes; the last change may have caused one more. */
async function staysIdle(running: Running): Promise<void> {
  const before = await eventsOf(running);
  for (let now = before; ; now = await eventsOf(running)) {
    if (now.runs > before.runs + 2) throw new Error(`it runs by itself:\n${running.told()}`);
    const more = running.events((events) => events.length > now.count).then(() => 'more' as const);
    if ((await Promise.race([delay(IDLE_MS), more])) !== 'more') return;
  }
}

async function eventsOf(running: Running): Promise<{ count: number; runs: number }> {
  let found = { count: 0, runs: 0 };
  await running.events((events) => {
    const runs = events.filter(({ type }) => type === 'summary').length;
    found = { count: events.length, runs };
    return true;
  });
  return found;
}

export function firstWorld(): World {
  const stages: StageSpec[] = [];
  const deps = [[7, 15], [0, 23], [6], [1, 8], [2, 5], [3, 4]];
  for (const [at, numbers] of deps.entries()) {
    stages.push({
      name: `s${at}`,
      matrix: at % 2 === 1,
      modulus: 997,
      fails: false,
      kind: at % 3 === 0 ? 'folder' : 'file',
      place: at === 2 ? 'mixed' : 'cache',
      version: 0,
      shell: true,
      params: ['p0'],
      deps: numbers.map((number) => depOf(number, stages)),
    });
  }
  return normalised({
    params: { p0: 0, p1: 0, p2: 0 },
    cells: CELLS.slice(0, 2),
    stages,
    files: new Map(SOURCES.map((name, at) => [name, plainFile(`${at}\n`)])),
    layout: { comment: 0, reversed: false },
  });
}
