/** Several items read different parts of the folders that an earlier pipeline made. */
import { cpSync, existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** A dep, relative to the folder of all outs, and what a process finds there. */
const READERS: Readonly<Record<string, string>> = {
  '': 'find . | sort',
  '/*/a.txt': 'ls */a.txt',
  '/*/in': 'find */in | sort',
  '/*/in/b.txt': 'ls */in/b.txt',
  '/**/*.txt': 'find . -name "*.txt" | sort',
};

/** The stage `make` has one out for each letter: a folder, or a folder and a file next to it. */
function pipeline(folder: string, letters: readonly string[], readers: readonly string[]): string {
  const [whole, single] = ['{ o: "$F/${l}" }', '{ o: "$F/${l}/in", a: "$F/${l}/a.txt" }'];
  const outs = (folder.endsWith('whole') ? whole : single).replaceAll('$F', folder);
  const make = `d=${folder}/\${l}; mkdir -p $d/in; echo \${l} > $d/a.txt; echo b > $d/in/b.txt; echo \${l} > $d/in/c.txt; ln -s c.txt $d/in/link`;
  const stages = readers.map((dep, at) => {
    const cmd = `out=$PWD/\${outs.o}; cd ${folder}; (${READERS[dep]}) > $out`;
    return `  r${at}: { cmd: '${cmd}', deps: { d: "${folder}${dep}" }, outs: { o: "r${at}.txt" } }\n`;
  });
  return `stages:
  make: { matrix: { l: [${letters}] }, cmd: "${make}", outs: ${outs} }
${stages.join('')}`;
}

/** What the readers found, and whether `pipe` took an out for a file of the user. */
async function found(made: Project, readers: readonly string[]) {
  const ended = await made.pipe('run', '--concurrency', '1');
  expect([ended.code, ended.err]).toEqual([0, '']);
  const texts = readers.map((dep, at) => [dep, made.read(`r${at}.txt`)]);
  return [...texts, existsSync(made.path('cache/replaced'))];
}

const ALL = ['x', 'y', 'z'];

const letters = fc.subarray(ALL, { minLength: 1, maxLength: 2 });

it('leave each of them with what a clone without a history has (property)', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom('out/whole', 'out/single', 'cache/out/whole', 'cache/out/single'),
    fc.shuffledSubarray(Object.keys(READERS), { minLength: 2, maxLength: 4 }),
    fc.array(letters, { minLength: 1, maxLength: 2 }),
    fc.boolean(),
    async (folder, readers, steps, isEdited) => {
      const made = projectWithin();
      for (const [at, each] of [ALL, ...steps].entries()) {
        made.write('pipeline.yaml', pipeline(folder, each, readers));
        const clone = projectWithin();
        cpSync(made.path('pipeline.yaml'), clone.path('pipeline.yaml'));
        if (isEdited && at === steps.length && folder.startsWith('out/')) {
          const own = `${folder}/${ALL.find((letter) => !each.includes(letter))}/in/c.txt`;
          for (const one of [made, clone]) one.write(own, 'of the user');
        }
        expect(await found(made, readers)).toEqual(await found(clone, readers));
        expect((await made.run()).summary).toMatchObject({ ran: 0, restored: 0 });
      }
    },
  );
  await fc.assert(property, { numRuns: 8 });
});
