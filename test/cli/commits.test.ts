/**
 * Ways to commit an epoch, in shell and Python: correct ones work, others give an error with a
 * hint.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { layoutOf } from '../../src/cache/layout.js';
import { ELSEWHERE } from '../rig/file-systems.js';
import type { Project, RunOutcome } from '../rig/project.js';
import { project, projectWithin } from '../rig/projects.js';
import { until } from '../rig/until.js';

const HOW =
  'build the folder as $PIPE_COMMIT/<any other name>, then rename it to $PIPE_COMMIT/2 (in Python: os.rename)';

/** Commits epoch 1 correctly, and epoch 2 once a file `right` exists; the outs list the resumed state. */
const shell = (second: string, epochs = 3) => ({
  'pipeline.yaml': `stages:\n  train: { cmd: "sh train.sh \${outs.seen}", outs: { seen: out/seen }, epochs: ${epochs}, deps: [train.sh] }\n`,
  'train.sh': `
well() {
  mkdir $PIPE_COMMIT/d
  echo "a $1" > $PIPE_COMMIT/d/a; echo "b $1" > $PIPE_COMMIT/d/b
  mv $PIPE_COMMIT/d $PIPE_COMMIT/$1
}
wait_for() { while [ ! -e $1 ]; do sleep 0.01; done; }
(cd $PIPE_STATE; ls) | tr '\\n' ' ' > $1
e=$PIPE_EPOCH
while [ $e -lt $PIPE_EPOCHS ]; do
  e=$((e + 1)); echo $e >> computed
  if [ $e != 2 ] || [ -e right ]; then well $e; continue; fi
  # So that the runner has nothing else to do.
  while [ -e $PIPE_COMMIT/1 ]; do sleep 0.01; done
  ${second}
done
exit 0
`,
});

const python = (second: string) => ({
  ...shell(''),
  'pipeline.yaml':
    'stages:\n  train: { cmd: "python3 train.py ${outs.seen}", outs: { seen: out/seen }, epochs: 3, deps: [train.py] }\n',
  'train.py': `
import os, shutil, sys, time
completed, target = int(os.environ["PIPE_EPOCH"]), int(os.environ["PIPE_EPOCHS"])
state, commit = os.environ["PIPE_STATE"], os.environ["PIPE_COMMIT"]
def write(file, text):
    with open(file, "w") as f: f.write(text)
def fill(folder, k):
    os.mkdir(folder)
    write(folder + "/a", f"a {k}\\n")
    write(folder + "/b", f"b {k}\\n")
def well(k):
    fill(commit + "/d", k)
    os.rename(commit + "/d", f"{commit}/{k}")
def wait_for(name):
    while not os.path.exists(name): time.sleep(0.01)
write(sys.argv[1], "".join(name + " " for name in sorted(os.listdir(state))))
for k in range(completed + 1, target + 1):
    with open("computed", "a") as f: f.write(f"{k}\\n")
    if k != 2 or os.path.exists("right"):
        well(k)
        continue
    # So that the runner has nothing else to do.
    while os.path.exists(f"{commit}/1"): time.sleep(0.01)
${second.replace(/^/gm, '    ')}
`,
});

/** A run that refuses epoch 2, then one that accepts it and loses nothing. */
async function refusedThenRight(made: Project, message: string | RegExp): Promise<void> {
  const first = await runAndLetGo(made);
  expect(first.code).toBe(1);
  expect(first.items.train?.failure?.message).toMatch(message);
  await rightAfterwards(made);
}

/** The stage waits for `go` in the middle of its second epoch. */
async function runAndLetGo(made: Project): Promise<RunOutcome> {
  let hasEnded = false;
  const running = made.run().finally(() => {
    hasEnded = true;
  });
  await until(() => hasEnded || made.lines('begun').length > 0);
  made.write('go', '');
  return await running;
}

async function rightAfterwards(made: Project): Promise<void> {
  made.write('right', '');
  made.remove('computed');
  const second = await made.run();
  expect(second.err + second.code).toBe('0');
  expect(made.lines('computed')).toEqual(['2', '3']);
  made.remove('out');
  made.write('pipeline.yaml', made.read('pipeline.yaml').replace('epochs: 3', 'epochs: 2'));
  const third = await made.run();
  expect(third.err + third.code).toBe('0');
  expect(made.read('out/seen').trim()).toBe('a b');
}

const literal = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
/** It depends on timing whether its first file was seen to be missing. */
const emptyOrNot = new RegExp(
  `epoch 2 was (committed empty|not committed in one step): ${literal(HOW).source}`,
);
const empty = literal(`epoch 2 was committed empty: ${HOW}`);

describe('an epoch not committed by renaming a complete folder is refused, and the next run computes it', () => {
  it.each<[string, string, RegExp]>([
    [
      'a folder made in place',
      'mkdir $PIPE_COMMIT/2; echo 1 > begun; wait_for go; echo > $PIPE_COMMIT/2/a; wait_for never',
      empty,
    ],
    [
      'a folder made in place, when one of its files is there',
      'mkdir $PIPE_COMMIT/2; echo > $PIPE_COMMIT/2/a; echo 1 > begun; wait_for go; echo > $PIPE_COMMIT/2/b 2> /dev/null; wait_for never',
      emptyOrNot,
    ],
    ['an empty folder', 'echo 1 > begun; mkdir $PIPE_COMMIT/2; wait_for never', empty],
    [
      'a file',
      'echo 1 > begun; echo > $PIPE_COMMIT/2; wait_for never',
      /epoch 2 was committed as a file: make it a folder/,
    ],
    [
      'a symbolic link',
      'echo 1 > begun; mkdir elsewhere; echo > elsewhere/a; ln -s $PWD/elsewhere $PIPE_COMMIT/2; wait_for never',
      /epoch 2 was committed as a symbolic link: make it a folder/,
    ],
    [
      'a pipe in it',
      'echo 1 > begun; mkdir $PIPE_COMMIT/d; mkfifo $PIPE_COMMIT/d/p; mv $PIPE_COMMIT/d $PIPE_COMMIT/2; wait_for never',
      /p in the commit of epoch 2 of train is not a file: keep only files and folders in it/,
    ],
    [
      'a pipe as its metrics',
      'echo 1 > begun; mkdir $PIPE_COMMIT/d; mkfifo $PIPE_COMMIT/d/metrics.json; mv $PIPE_COMMIT/d $PIPE_COMMIT/2; wait_for never',
      /metrics.json in the commit of epoch 2 of train is not a file/,
    ],
    [
      'a file that is written on',
      'mkdir $PIPE_COMMIT/d; exec 3> $PIPE_COMMIT/d/a; echo 1 >&3; mv $PIPE_COMMIT/d $PIPE_COMMIT/2; echo 1 > begun; wait_for go; echo 2 >&3; wait_for never',
      /epoch 2 was (not committed in one step|committed while a was open for writing): /,
    ],
    [
      'a file that stays open while the stage goes on',
      'mkdir $PIPE_COMMIT/d; exec 3> $PIPE_COMMIT/d/a; echo 1 >&3; mv $PIPE_COMMIT/d $PIPE_COMMIT/2; echo 1 > begun; e=3; well 3; wait_for never',
      /epoch 2 was committed while a was open for writing: close its files/,
    ],
  ])('in shell: %s', async (_, second, message) => {
    await refusedThenRight(projectWithin(shell(second)), message);
  });

  it.each<[string, string, RegExp]>([
    [
      'a folder made in place',
      'os.mkdir(f"{commit}/2"); write(f"{commit}/2/a", "a"); write("begun", "1\\n"); wait_for("go"); write(f"{commit}/2/b", "b"); wait_for("never")',
      emptyOrNot,
    ],
    [
      'an empty folder',
      'write("begun", "1\\n"); os.mkdir(f"{commit}/2"); wait_for("never")',
      empty,
    ],
    [
      'a file that is written on',
      'os.mkdir(f"{commit}/d"); f = open(f"{commit}/d/a", "w"); f.write("1"); f.flush(); os.rename(f"{commit}/d", f"{commit}/2"); write("begun", "1\\n"); wait_for("go"); f.write("2"); f.flush(); wait_for("never")',
      /epoch 2 was (not committed in one step|committed while a was open for writing): /,
    ],
    [
      'a socket in it',
      'import socket; write("begun", "1\\n"); os.mkdir(f"{commit}/d"); home = os.getcwd(); os.chdir(f"{commit}/d"); socket.socket(socket.AF_UNIX).bind("s"); os.chdir(home); os.rename(f"{commit}/d", f"{commit}/2"); wait_for("never")',
      /s in the commit of epoch 2 of train is not a file/,
    ],
  ])('in Python: %s', async (_, second, message) => {
    await refusedThenRight(projectWithin(python(second)), message);
  });
});

describe('a folder that is moved from another file system', () => {
  it.skipIf(ELSEWHERE === undefined).each([
    [
      'mv',
      shell(
        'mkdir $OTHER/x; for i in 1 2 3 4 5 6 7 8; do head -c 300000 /dev/zero > $OTHER/x/$i; done; echo a > $OTHER/x/a; echo b > $OTHER/x/b; mv $OTHER/x $PIPE_COMMIT/2',
      ),
    ],
    [
      'cp -r',
      shell(
        'mkdir $OTHER/x; echo a > $OTHER/x/a; echo b > $OTHER/x/b; cp -r $OTHER/x $PIPE_COMMIT/2',
      ),
    ],
    [
      'shutil.move',
      python(
        'import shutil; fill(os.environ["OTHER"] + "/x", 2); shutil.move(os.environ["OTHER"] + "/x", f"{commit}/2")',
      ),
    ],
  ])('%s: is refused, or was complete', async (_, files) => {
    const other = mkdtempSync(path.join(ELSEWHERE!, 'pipe-test-'));
    onTestFinished(() => rmSync(other, { recursive: true }));
    const made = projectWithin(files);
    made.env.OTHER = other;
    const first = await made.run();
    if (first.code !== 0) {
      expect(first.items.train?.failure?.message).toContain(HOW);
      await rightAfterwards(made);
      return;
    }
    made.remove('out');
    made.write('pipeline.yaml', made.read('pipeline.yaml').replace('epochs: 3', 'epochs: 2'));
    expect((await made.run()).code).toBe(0);
    expect(made.read('out/seen')).toMatch(/a b $/);
  });
});

describe('a draft', () => {
  it('may be elsewhere on the same file system, and contain links to files that the stage keeps', async () => {
    const files = shell(
      'echo b > kept; mkdir x; ln kept x/b; echo a > x/a; mv x $PIPE_COMMIT/2; ln kept another',
    );
    const made = projectWithin(files);
    const run = await made.run();
    expect(run.err + run.code).toBe('0');
    expect(made.lines('computed')).toEqual(['1', '2', '3']);
  });
});

describe('a stage that replaces its commit folder fails, and the next run resumes', () => {
  const ways = [':', 'mkdir $PIPE_COMMIT', 'echo > $PIPE_COMMIT'];
  it.each([...ways, 'ln -s $PWD/elsewhere $PIPE_COMMIT'])('%s', async (replace) => {
    const made = project(shell(`echo 1 > begun; rm -r $PIPE_COMMIT; ${replace}; wait_for never`));
    made.write('elsewhere/2/a', '');
    await refusedThenRight(made, /the folder \$PIPE_COMMIT was removed or replaced/);
    expect(existsSync(made.path('elsewhere/2/a'))).toBe(true);
  });
});

/** The run has noted that it cannot tell yet whether epoch 2 is complete. */
function isUnclear(made: Project): boolean {
  const chains = path.relative(made.root, layoutOf(made.root).chains);
  if (!existsSync(made.path(chains))) return false;
  return readdirSync(made.path(chains)).some((chain) =>
    made
      .lines(`${chains}/${chain}/noted.json`)
      .some((line) => line.includes('"epoch":2,"mark":""')),
  );
}

describe('a run that is killed', () => {
  it('leaves the next run no folder that may be a partial epoch', async () => {
    const made = project(
      // The time of the last file hides that the folder was filled in its place.
      shell(
        'echo 1 > begun; wait_for go; mkdir $PIPE_COMMIT/2; echo > $PIPE_COMMIT/2/a; echo > $PIPE_COMMIT/x; echo 1 > filled; wait_for never',
      ),
    );
    const run = made.start('run', '--json');
    await until(() => made.lines('begun').length > 0);
    // It would refuse the folder if it saw it while it is filled.
    run.kill('SIGSTOP');
    made.write('go', '');
    await until(() => made.lines('filled').length > 0);
    run.kill('SIGCONT');
    await until(() => isUnclear(made));
    run.kill('SIGKILL');
    await run.ended;
    made.write('right', '');
    const next = await made.run();
    expect(next.code).toBe(0);
    expect(made.lines('computed')).toEqual(['1', '2', '2', '3']);
  });

  it('loses no epoch that was renamed after its death', async () => {
    const made = project(shell('well 2; echo 1 > begun; wait_for never'));
    made.write(
      'train.sh',
      made.read('train.sh').replace('well $e; continue', 'well $e; wait_for go; continue'),
    );
    const run = made.start('run', '--json');
    await run.event((event) => event.type === 'epoch' && event.epoch === 1);
    run.kill('SIGKILL');
    await run.ended;
    made.write('go', '');
    await until(() => made.lines('begun').length > 0);
    made.write('right', '');
    const next = await made.run();
    expect(next.err + next.code).toBe('0');
    expect(made.lines('computed')).toEqual(['1', '2', '3']);
  });
});

describe('a deep or huge metrics.json', () => {
  it.each([
    ['deep', `python3 -c "n=5000;print('{\\"a\\":'*n+'1'+'}'*n)"`, 'is nested more than 64 deep'],
    ['huge', `python3 -c "print('{' + ' ' * 2000000 + '}')"`, 'is larger than 1 MiB'],
    ['a folder', 'mkdir', 'is not a file'],
  ])('%s is not recorded, but its epoch is', async (kind, make, words) => {
    const file = '$PIPE_COMMIT/d/metrics.json';
    const write = kind === 'a folder' ? `mkdir ${file}` : `${make} > ${file}`;
    const made = projectWithin(
      shell(`mkdir $PIPE_COMMIT/d; ${write}; mv $PIPE_COMMIT/d $PIPE_COMMIT/2`),
    );
    const run = await made.run();
    expect(run.code).toBe(0);
    expect(JSON.stringify(run.events.filter((event) => event.type === 'warning'))).toContain(words);
    expect(made.lines('computed')).toEqual(['1', '2', '3']);
  });
});
