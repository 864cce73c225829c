import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_NAMED } from '../../src/code/named.js';
import { NamedCommands } from '../../src/code/named-commands.js';
import { namedScripts } from '../../src/code/named-scripts.js';
import type { TraceCache } from '../../src/code/trace-cache.js';
import type { CommandAction } from '../../src/pipeline/plan.js';
import { Sandbox } from './sandbox.js';

/** Counts reads and writes, and keeps values as JSON, as a project does. */
class Store implements TraceCache {
  readonly build: string;
  readonly texts: Map<string, string>;
  writes = 0;

  constructor(build = '1', texts = new Map<string, string>()) {
    this.build = build;
    this.texts = texts;
  }

  readonly timeAt = () => 0;

  read(name: string): unknown {
    const text = this.texts.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  write(name: string, value: unknown): void {
    this.writes += 1;
    this.texts.set(name, JSON.stringify(value));
  }
}

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox({});
});

afterEach(() => sandbox.dispose());

function shell(command: string): CommandAction {
  return { kind: 'shell', command };
}

/** A run of a plan with these commands: what each names. */
async function run(store: Store, actions: readonly CommandAction[]) {
  const commands = new NamedCommands(store);
  const snapshot = sandbox.snapshot();
  const named = await Promise.all(actions.map((action) => commands.parsed(action, snapshot)));
  commands.save(
    actions.map((action) => ({ action })),
    snapshot,
  );
  return named;
}

const ACTIONS: readonly CommandAction[] = [
  shell('python3 train.py --lr 1'),
  shell('python3 train.py --lr 2'),
  shell('echo 1 > out.txt'),
  shell('cd sub && . .venv/bin/activate && PYTHONPATH=lib python -m pkg.main'),
  shell('$PYTHON x.py; make -f other.mk'),
  { kind: 'argv', argv: ['Rscript', 'fit.R', 'echo 1 > out.txt'] },
];

describe('the commands of a run', () => {
  it('name the same in the next run, which parses none of them', async () => {
    const store = new Store();
    const first = await run(store, ACTIONS);
    const second = await run(store, ACTIONS);
    expect(first).toEqual(ACTIONS.map((action) => namedScripts(action)));
    expect(second).toEqual(first);
    expect(second[2]).toBe(NO_NAMED);
    expect(second[0]).toBe(second[1]);
    expect(store.writes).toBe(1);
  });

  it('are known without the parser, except a new one', async () => {
    const store = new Store();
    const named = await run(store, ACTIONS);
    const [commands, snapshot] = [new NamedCommands(store), sandbox.snapshot()];
    expect(ACTIONS.map((action) => commands.of(action, snapshot))).toEqual(named);
    expect(commands.of(shell('echo 2'), snapshot)).toBeUndefined();
  });

  it('are parsed again when a build file defines other commands', async () => {
    const store = new Store();
    expect(await run(store, [shell('fit out.txt')])).toEqual([NO_NAMED]);
    sandbox.write('pyproject.toml', '[project.scripts]\nfit = "pkg.cli:main"\n');
    const [named] = await run(store, [shell('fit out.txt')]);
    expect(named?.launches).toMatchObject([{ kind: 'entry', target: 'fit' }]);
    sandbox.remove('pyproject.toml');
    expect(await run(store, [shell('fit out.txt')])).toEqual([NO_NAMED]);
  });

  it('are parsed again when a folder in which one of them runs defines other commands', async () => {
    const store = new Store();
    const inside = [shell('cd sub && python x.py && fit out.txt')];
    expect((await run(store, inside))[0]?.launches).toHaveLength(1);
    sandbox.write('sub/pyproject.toml', '[project.scripts]\nfit = "pkg.cli:main"\n');
    expect((await run(store, inside))[0]?.launches).toHaveLength(2);
  });

  it('of another build of pipe are not used', async () => {
    const store = new Store('1');
    await run(store, ACTIONS);
    const next = new Store('2', store.texts);
    await run(next, ACTIONS);
    expect(next.writes).toBe(1);
  });

  it('stay known beside those of another plan, until those of former plans are most', async () => {
    const store = new Store();
    const plans = [1, 2, 3].map((lr) => [shell(`python3 train.py --lr ${lr}`)]);
    for (const plan of plans) await run(store, plan);
    const { commands } = JSON.parse([...store.texts.values()][0] as string);
    expect(commands).toEqual(['python3 train.py --lr 3']);
    const before = store.writes;
    await run(store, plans[2] as CommandAction[]);
    expect(store.writes).toBe(before);
  });
});
