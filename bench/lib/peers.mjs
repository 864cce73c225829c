/**
 * The same trivial items for the peers. make, ninja and snakemake are taken from the PATH; turbo, nx
 * and wireit from $BENCH_PEERS/npm/node_modules, DVC from $BENCH_PEERS/venv (`node bench/peers.mjs
 * <folder>` installs them there). What is not there is shown as missing. BENCH_NAMES=turbo,DVC leaves out the others.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENV, moveAside } from './measure.mjs';

const FOLDER = process.env.BENCH_PEERS;
const WANTED = process.env.BENCH_NAMES?.split(',');

const numbers = (count) => Array.from({ length: count }, (_, at) => at);
const json = (file, value) => writeFileSync(file, JSON.stringify(value));
const inNpm = (program) => FOLDER && path.join(FOLDER, 'npm/node_modules/.bin', program);

/** By name: the program, what writes its project, and what runs all of it, two at a time. */
const PEERS = {
  make: {
    program: 'make',
    write(folder, items) {
      const rules = numbers(items).map((at) => `out/${at}.txt:\n\t@echo ${at} > $@\n`);
      const all = numbers(items).map((at) => `out/${at}.txt`);
      writeFileSync(path.join(folder, 'Makefile'), `all: ${all.join(' ')}\n${rules.join('')}`);
    },
    argv: (program) => [program, '-j2'],
  },
  ninja: {
    program: 'ninja',
    write(folder, items) {
      const builds = numbers(items).map((at) => `build out/${at}.txt: echo\n  text = ${at}\n`);
      const text = `rule echo\n  command = echo $text > $out\n${builds.join('')}`;
      writeFileSync(path.join(folder, 'build.ninja'), text);
    },
    argv: (program) => [program, '-j2'],
  },
  turbo: {
    program: inNpm('turbo'),
    write(folder, items) {
      packages(folder, items, { build: 'echo built > out.txt' });
      const tasks = { build: { outputs: ['out.txt'], inputs: ['package.json'] } };
      json(path.join(folder, 'turbo.json'), { tasks });
    },
    argv: (program) => [program, 'run', 'build', '--concurrency=2'],
    env: { TURBO_TELEMETRY_DISABLED: '1' },
    traces: ['.turbo', 'node_modules/.cache'],
  },
  nx: {
    program: inNpm('nx'),
    write(folder, items) {
      json(path.join(folder, 'package.json'), { private: true, devDependencies: { nx: '*' } });
      json(path.join(folder, 'nx.json'), { analytics: false });
      for (const at of numbers(items)) {
        mkdirSync(path.join(folder, `packages/p${at}`), { recursive: true });
        const outputs = ['{projectRoot}/out.txt'];
        const inputs = ['{projectRoot}/project.json'];
        const command = `echo built > packages/p${at}/out.txt`;
        const build = { command, cache: true, inputs, outputs };
        json(path.join(folder, `packages/p${at}/project.json`), {
          name: `p${at}`,
          targets: { build },
        });
      }
      symlinkSync(path.join(FOLDER, 'npm/node_modules'), path.join(folder, 'node_modules'));
    },
    argv: (program) => [program, 'run-many', '-t', 'build', '--parallel=2'],
    env: { NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' },
    traces: ['.nx'],
  },
  wireit: {
    program: inNpm('wireit'),
    write(folder, items) {
      const names = numbers(items).map((at) => `i${at}`);
      const scripts = Object.fromEntries([...names, 'all'].map((name) => [name, 'wireit']));
      const wireit = Object.fromEntries(
        names.map((name, at) => [
          name,
          { command: `echo ${at} > out/${at}.txt`, files: [], output: [`out/${at}.txt`] },
        ]),
      );
      wireit.all = { dependencies: names };
      json(path.join(folder, 'package.json'), { private: true, scripts, wireit });
    },
    // As npm calls it: without npm's own start.
    argv: (program) => [program],
    env: {
      npm_lifecycle_event: 'all',
      npm_config_user_agent: 'npm/10',
      WIREIT_PARALLEL: '2',
      WIREIT_LOGGER: 'quiet',
    },
    traces: ['.wireit'],
  },
  snakemake: {
    program: 'snakemake',
    write(folder, items) {
      const text = [
        `rule all:\n    input: expand("out/{i}.txt", i=range(${items}))`,
        `for i in range(${items}):`,
        '    rule:\n        name: f"i{i}"\n        output: f"out/{i}.txt"\n        shell: f"echo {i} > {{output}}"',
      ];
      writeFileSync(path.join(folder, 'Snakefile'), `${text.join('\n')}\n`);
    },
    argv: (program) => [program, '-j2', '--quiet'],
    traces: ['.snakemake'],
  },
  DVC: {
    program: FOLDER && path.join(FOLDER, 'venv/bin/dvc'),
    write(folder, items) {
      const stages = numbers(items).map(
        (at) => `  i${at}:\n    cmd: echo ${at} > out/${at}.txt\n    outs: [out/${at}.txt]\n`,
      );
      writeFileSync(path.join(folder, 'dvc.yaml'), `stages:\n${stages.join('')}`);
      spawnSync(this.program, ['init', '--no-scm', '-q'], { cwd: folder, env: ENV });
    },
    // One at a time: it has no other way.
    argv: (program) => [program, 'repro', '-q'],
    traces: ['.dvc/cache', '.dvc/tmp', 'dvc.lock'],
  },
};

/** A command for each peer that is there, in a folder of its own; `missing` names the others. */
export function peerCommands(work, items, names = Object.keys(PEERS)) {
  const commands = [];
  const missing = [];
  for (const name of names) {
    if (WANTED?.includes(name) === false) continue;
    const { program, argv, env, write, traces = [] } = PEERS[name];
    if (!isThere(program)) {
      missing.push(name);
      continue;
    }
    const cwd = path.join(work, `${name}-${items}`);
    mkdirSync(path.join(cwd, 'out'), { recursive: true });
    write.call(PEERS[name], cwd, items);
    commands.push({ name, cwd, argv: argv(program), env, forget: () => forget(cwd, traces) });
  }
  return { commands, missing };
}

/** As if it had never run. */
function forget(cwd, traces) {
  for (const trace of [...traces, 'out']) moveAside(path.join(cwd, trace));
  mkdirSync(path.join(cwd, 'out'));
}

/** `name version` of each peer that is there. */
export function versions() {
  return Object.entries(PEERS).map(([name, { program }]) => {
    if (!isThere(program)) return `${name} missing`;
    return `${name} ${versionOf(name, program)}`;
  });
}

function versionOf(name, program) {
  // wireit has no option for it.
  if (name === 'wireit') {
    const { stdout } = spawnSync(
      process.execPath,
      ['-p', `require('${path.join(FOLDER, 'npm/node_modules/wireit/package.json')}').version`],
      { encoding: 'utf8', env: ENV },
    );
    return stdout.trim();
  }
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', env: ENV });
  return /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'of unknown version';
}

function isThere(program) {
  if (!program) return false;
  if (program.includes('/')) return existsSync(program);
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** A workspace of so many packages with these scripts. */
function packages(folder, items, scripts) {
  json(path.join(folder, 'package.json'), {
    private: true,
    packageManager: 'npm@10.0.0',
    workspaces: ['packages/*'],
  });
  const lock = { '': { workspaces: ['packages/*'] } };
  for (const at of numbers(items)) {
    const name = `p${at}`;
    mkdirSync(path.join(folder, 'packages', name), { recursive: true });
    json(path.join(folder, 'packages', name, 'package.json'), { name, version: '1.0.0', scripts });
    lock[`packages/${name}`] = { version: '1.0.0' };
    lock[`node_modules/${name}`] = { resolved: `packages/${name}`, link: true };
  }
  json(path.join(folder, 'package-lock.json'), { lockfileVersion: 3, packages: lock });
}
