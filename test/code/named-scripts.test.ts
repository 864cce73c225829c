import { describe, expect, it } from 'vitest';
import { namedScripts } from '../../src/code/named-scripts.js';

const shell: readonly (readonly [command: string, scripts: readonly string[]])[] = [
  ['python train.py', ['train.py']],
  ['python3 -u stages/train.py --epochs 3', ['stages/train.py']],
  ['python3.12 -W ignore -X dev ./train.py', ['train.py']],
  ['/usr/bin/python train', ['train', 'train/__main__.py']],
  ['python -m stages.train --fast', ['stages.train']],
  ['python -c "import x" data', ['import x']],
  ['python -c "print(1)" data', []],
  ['node x.mjs', ['x.mjs']],
  ['node --max-old-space-size=4096 -r ./setup.cjs main', ['main', 'setup.cjs']],
  ['node -e "1" x', []],
  ['deno run --allow-read=data x.ts', ['x.ts']],
  ['npx tsx stages/x.ts', ['stages/x.ts']],
  ['bash x.sh', ['x.sh']],
  ['bash -eu scripts/build', ['scripts/build']],
  ['sh -o errexit scripts/build', ['scripts/build']],
  ['sh < input.sh', ['input.sh']],
  ['. ./env && run', ['env']],
  ['Rscript --vanilla fit.R', ['fit.R']],
  ['quarto render report.qmd --to html', ['report.qmd']],
  [`Rscript -e 'rmarkdown::render("report.Rmd"); source("a/b.R")'`, ['report.Rmd', 'a/b.R']],
  ['julia -t 4 fit.jl', ['4', 'fit.jl']],
  ['./x.sh a b', ['x.sh']],
  ['case $m in a) ./fit;; esac', ['fit']],
  ['eval "./fit 1"', ['fit']],
  ['scripts/run a b', ['scripts/run']],
  ['SEED=1 CONFIG=conf.py ./run', ['run', 'conf.py']],
  ['env A=1 timeout 5m torchrun --nproc 2 train.py', ['train.py']],
  ['uv run train.py --config=conf.py', ['train.py', 'conf.py']],
  ['time python a.py', ['a.py']],
  ['cd stages && python a.py', ['stages/a.py']],
  ['cd stages\npython a.py; cd ../lib; python b.py', ['stages/a.py', 'lib/b.py']],
  ['(cd stages && python a.py) && python b.py', ['stages/a.py', 'b.py']],
  ['cd "$WHERE" && python a.py', []],
  ['cd /tmp && python a.py', []],
  ['cat x.csv | python a.py | sort > out.py', ['a.py']],
  ['python a.py&python b.py', ['a.py', 'b.py']],
  ['if test -f x; then bash a.sh; else ./b; fi', ['a.sh', 'b']],
  ['for i in 1 2; do python a.py $i; done', ['a.py']],
  ['! ./check', ['check']],
  ['{ ./check; }', ['check']],
  ['"./my check" x', ['my check']],
  ['< data/x ./check', ['check']],
  ['exec bin/check', ['bin/check']],
  ['x=`bin/check`', ['bin/check']],
  ['true\nbin/check', ['bin/check']],
  ['source env', ['env']],
  ['env FILE=lib/conf.R run', ['lib/conf.R']],
  ['git show HEAD:a.py', ['HEAD:a.py']],
  ['python a.py 2> err.py >> log.py &> all.py', ['a.py']],
  ['python a.py <<EOF\npython b.py\nEOF\npython c.py', ['a.py', 'c.py']],
  ["python a.py <<-'END'\n\tb.py\n\tEND\n./d", ['a.py', 'd']],
  ['python "my script.py"', ['my script.py']],
  ["python 'it'\\''s.py'", ["it's.py"]],
  ['python my\\ script.py', ['my script.py']],
  ['python \\\n  a.py', ['a.py']],
  ['python a.py # then b.py', ['a.py']],
  ['echo a#b.py', ['a#b.py']],
  ['echo $(python a.py "$(node b.js)") `sh c.sh`', ['b.js', 'a.py', 'c.sh']],
  ['python "$SCRIPT" a', []],
  ['python ${X:-a.py} b', []],
  ['python scripts/*.py', []],
  ['python ~/a.py', []],
  ['diff <(python a.py) <(python b.py)', ['a.py', 'b.py']],
  ['echo $((1 + 2)) a.py', ['a.py']],
  ["bash -lc 'cd lib && python a.py'", ['lib/a.py']],
  ['python ../other/a.py', []],
  ['python /abs/a.py', []],
  ['python cache/out/gen.py', []],
  ['python ./stages/../a.py a.py', ['a.py']],
  ['wc -c data/text.txt > cache/out/size.txt', []],
  ['', []],
  ['"unclosed', []],
  ['echo $(', []],
];

const argv: readonly (readonly [argv: readonly string[], scripts: readonly string[]])[] = [
  [['python', 'train.py'], ['train.py']],
  [
    ['./run', 'my data.py'],
    ['run', 'my data.py'],
  ],
  [
    ['python', '$X.py', '*.py'],
    ['$X.py', '*.py'],
  ],
  [['sh', '-c', 'python a.py > b.py'], ['a.py']],
  [['echo', 'python a.txt'], []],
];

/** Sorted, since those of Python come last. */
function namesIn(action: Parameters<typeof namedScripts>[0]): string[] {
  const { files, launches } = namedScripts(action);
  return [...new Set([...files, ...launches.map((launch) => launch.target)])].sort();
}

describe('the scripts that a command names', () => {
  it.each(shell)('of %j are %j', (command, scripts) => {
    expect(namesIn({ kind: 'shell', command })).toEqual([...scripts].sort());
  });

  it.each(argv)('of the list %j are %j', (words, scripts) => {
    expect(namesIn({ kind: 'argv', argv: words })).toEqual([...scripts].sort());
  });
});
