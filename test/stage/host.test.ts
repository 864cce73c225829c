/** The stage host: gives a stage its context, and never treats a broken stage as completed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeEnding, type Outcome } from '../../src/process/outcome.js';
import { type Execution, execute } from '../../src/process/run-process.js';
import type { ContextFile } from '../../src/stage/context-file.js';
import { bundled, fifo, startScript, tempFolder } from '../process/support/script.js';

interface Ran {
  readonly outcome: Outcome;
  readonly log: string;
}

const CONTEXT: ContextFile = {
  item: 'train@faces',
  stage: 'train',
  matrix: { dataset: 'faces', fold: 3 },
  params: { train: { lr: 0.1 } },
  deps: { data: '/data', images: ['/a', '/b'] },
  outs: { model: '/model' },
  resources: { cpu: 2, memory: 0, gpu: 0 },
};

/** Runs the text as a stage's bundle. */
async function run(
  stage: string,
  options: Partial<Execution> = {},
  folder = tempFolder(),
): Promise<Ran> {
  const log = join(folder, 'log');
  const outcome = await execute({ ...(await execution(stage, folder)), log, ...options });
  return { outcome, log: readFileSync(log, 'utf8') };
}

async function execution(stage: string, folder: string): Promise<Execution> {
  const bundle = join(folder, 'stage.mjs');
  const context = join(folder, 'context.json');
  writeFileSync(bundle, stage);
  writeFileSync(context, JSON.stringify(CONTEXT));
  const host = await bundled('src/stage/host.ts');
  return {
    command: { kind: 'module', host, bundle },
    cwd: folder,
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, PIPE_CONTEXT: context },
    log: join(folder, 'log'),
    grace: 10,
  };
}

describe('a stage', () => {
  test.each([
    ['a function', 'export default ', ''],
    ['what defineStage makes', 'export default { pipeStage: 1, run: ', '}'],
  ])('that is %s gets its context', async (_, before, after) => {
    const show = `({ item, stage, matrix, params, deps, outs, resources }) =>
      console.log(JSON.stringify({ item, stage, matrix, params, deps, outs, resources }))`;
    const { log, outcome } = await run(`${before}${show}${after}`);
    expect(JSON.parse(log)).toEqual(CONTEXT);
    expect(outcome.ending).toEqual({ how: 'exit', code: 0 });
  });

  test('does not see how the host was started', async () => {
    const { log } = await run('export default () => console.log(process.env.PIPE_RUNNER_FD);');
    expect(log).toBe('undefined\n');
  });

  test('reports its progress', async () => {
    const folder = tempFolder();
    const env = { ...(await execution('', folder)).env, PIPE_PROGRESS: join(folder, 'progress') };
    await run(`export default ({ progress }) => progress(3, 3, 'images')`, { env }, folder);
    expect(readFileSync(join(folder, 'progress'), 'utf8')).toBe('3 3 images\n');
  });

  test('ends when the work that it did not wait for is done too', async () => {
    const { log } = await run(`
      import { readFile } from 'node:fs/promises';
      export default async () => {
        readFile(process.argv[1]).then(() => console.log('done'));
      };`);
    expect(log).toBe('done\n');
  });

  test('that reads a dep or an out under a name that it does not have gets an error', async () => {
    const show = (text: string) => `export default async ({ deps, outs }) => ${text};`;
    const dep = await run(show('deps.image'));
    expect(dep.outcome.tail[0]).toBe(
      'Error: deps has no "image"; it has: data, images. A dep has the name that `deps:` gives it; in a plain list, its path is the name',
    );
    const out = await run(show('outs.modell'));
    expect(out.outcome.tail[0]).toContain('Error: outs has no "modell"; it has: model.');
  });

  test('may ask for names, copy and print its deps, and return them', async () => {
    const { log, outcome } = await run(`import { inspect } from 'node:util';
      export default async ({ deps }) => {
        console.log(inspect(structuredClone(deps)), inspect(deps), 'image' in deps, \`\${deps}\`);
        return deps;
      };`);
    const shown = "{ data: '/data', images: [ '/a', '/b' ] }";
    expect(log).toBe(`${shown} ${shown} false [object Object]\n`);
    expect(outcome.ending).toEqual({ how: 'exit', code: 0 });
  });

  test('without `epochs:` that uses them gets an error', async () => {
    const { outcome } = await run('export default ({ epochs }) => epochs.target;');
    expect(outcome.tail[0]).toBe(
      'Error: train@faces is not incremental: give the stage `epochs:` in pipeline.yaml',
    );
  });
});

describe('a stage that cannot be run says what to do', () => {
  test.each([
    ['export const run = 1;', 'the stage has no default export: write `export default'],
    ['export default 7;', 'the stage has a default export of type number: write `export default'],
    ['export default null;', 'the stage has a default export of type null: write `export default'],
    [
      'export default { pipeStage: 2, run() {} };',
      'the stage uses protocol 2, and this version of pipe uses 1: install the same version',
    ],
  ])('%s', async (stage, message) => {
    const { outcome, log } = await run(stage);
    expect(outcome.ending).toEqual({ how: 'exit', code: 1 });
    expect(log).toContain(`pipe: ${message}`);
    expect(log.trim().split('\n')).toHaveLength(1);
  });
});

describe('a stage fails', () => {
  test('when it throws, with its stack and the cause', async () => {
    const { outcome } = await run(`
export default async () => {
  await null;
  throw new Error('no images', { cause: new Error('empty folder') });
};`);
    expect(outcome.ending).toEqual({ how: 'exit', code: 1 });
    expect(outcome.tail[0]).toBe('Error: no images');
    expect(outcome.tail[1]).toMatch(/stage\.mjs:4:9/);
    expect(outcome.tail.join('\n')).toContain('[cause]: Error: empty folder');
  });

  test('when it throws something that is not an Error', async () => {
    expect((await run(`export default () => { throw 'text'; };`)).outcome.tail).toEqual(["'text'"]);
  });

  test('when its module cannot be loaded', async () => {
    const { outcome } = await run(`import './gone.mjs'; export default () => {};`);
    expect(outcome.ending).toEqual({ how: 'exit', code: 1 });
    expect(outcome.tail.join('\n')).toContain('gone.mjs');
  });

  test('when work that it did not wait for fails, even if Node would only warn', async () => {
    const stage = `export default () => { Promise.reject(new Error('lost')); };`;
    const folder = tempFolder();
    const env = {
      ...(await execution('', folder)).env,
      NODE_OPTIONS: '--unhandled-rejections=warn',
    };
    const { outcome } = await run(stage, { env }, folder);
    expect(outcome.ending).toEqual({ how: 'exit', code: 1 });
    expect(outcome.tail[0]).toBe('Error: lost');
  });

  test('when it waits for a promise that never resolves', async () => {
    const { outcome } = await run('export default () => new Promise(() => {});');
    expect(outcome.ending).toEqual({ how: 'exit', code: 1 });
    expect(outcome.tail).toEqual(['pipe: the stage ended with a pending promise']);
  });
});

describe('when the run asks it to end', () => {
  test('a stage that listens finishes in its own way', async () => {
    const folder = tempFolder();
    const ready = fifo(folder);
    const stop = new AbortController();
    const running = run(
      `import { writeFileSync } from 'node:fs';
       export default async ({ signal }) => {
         const alive = setInterval(() => {}, 1000);
         const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
         writeFileSync('ready', 'x');
         await aborted;
         clearInterval(alive);
         writeFileSync('saved', signal.reason.message);
       };`,
      { stop: [stop.signal] },
      folder,
    );
    await ready;
    stop.abort();
    expect((await running).outcome.ending).toEqual({ how: 'stopped' });
    expect(readFileSync(join(folder, 'saved'), 'utf8')).toContain('SIGTERM');
  });

  test('a stage that does not listen ends at once, long before it would be killed', async () => {
    const folder = tempFolder();
    const ready = fifo(folder);
    const stop = new AbortController();
    const running = run(
      `import { writeFileSync } from 'node:fs';
       export default async () => {
         writeFileSync('ready', 'x');
         await new Promise((resolve) => setTimeout(resolve, 1e6));
       };`,
      { stop: [stop.signal], grace: 3600 },
      folder,
    );
    await ready;
    stop.abort();
    expect(describeEnding((await running).outcome.ending)).toBe('stopped');
  });
});

test('a stage whose run is killed ends by itself', async () => {
  const folder = tempFolder();
  const { command } = await execution(
    `import { writeSync, openSync } from 'node:fs';
     export default async () => {
       writeSync(openSync('ready', 'w'), 'x');
       await new Promise((resolve) => setTimeout(resolve, 1e6));
     };`,
    folder,
  );
  const closed = fifo(folder, true, () => void runner.kill());
  const runner = await startScript('runner', [JSON.stringify(command), folder], {
    PIPE_CONTEXT: join(folder, 'context.json'),
  });
  // The fifo closes with the last process that has it open: the stage.
  expect(await closed).toBe('x');
  const log = readdirSync(folder).find((name) => name.endsWith('.log')) as string;
  expect(readFileSync(join(folder, log), 'utf8')).toContain('the run has ended');
});
