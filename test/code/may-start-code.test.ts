import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayStartCode } from '../../src/code/may-start-code.js';
import { namedInside } from '../../src/code/named-scripts.js';

/** Parts of commands, most of which the parser knows. */
const PARTS =
  'echo cat cp sort if then else do time exec command foo-time train.py a.PY a.py-x out/1.txt data.csv ' +
  'a.ipynb x.tar.gz fit.R run ./x ../x a/b . .. x=1 PYTHONPATH=lib python python3.11 ipython pypy pytest ' +
  'mypython node nodejs tsx ts-node bun deno Rscript julia perl ruby lua php source sh bash fish bashful ' +
  'make gmake just npm yarn task rake snakemake tox invoke cargo go cmake gradlew dotnet dvc mlflow kedro ' +
  'nohup env nice timeout flock sudo xargs parallel srun sbatch mpirun uv poetry conda pixi uvx pipx hatch ' +
  'docker eval trap watch su jupyter papermill torchrun accelerate -m --module -c -e -f 5 10 --x=3 -r run ' +
  'pkg.main > < >> 2>&1 && || | ; $( ) ( { } ` ! " \' \\ $x ${x} * # ~ é , = /';

const command = fc
  .array(fc.tuple(fc.constantFrom(...PARTS.split(' ')), fc.constantFrom(' ', ' ', ' ', '', '\n')), {
    minLength: 1,
    maxLength: 7,
  })
  .map((parts) => parts.flat().join(''))
  // No program has such a name.
  .filter((text) => !/(?:^|[;&|(){}!`\n]|\b(?:if|then|else|do|time|exec|command))\s*-/.test(text));

describe('a command that needs no parser', () => {
  it('names no script, by the parser', () => {
    fc.assert(
      fc.property(command, (text) => {
        const { files, launches, unclear, programs } = namedInside({ text, folder: '' }, {});
        const found = [...files, ...launches, ...unclear, ...programs];
        if (!mayStartCode(text)) expect([text, found]).toEqual([text, []]);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each(['echo 1 > out/1.txt', 'sort data.csv | uniq -c > b.tsv', 'mkdir -p out && cp a b'])(
    'is recognised: %s',
    (text) => {
      expect(mayStartCode(text)).toBe(false);
    },
  );
});
