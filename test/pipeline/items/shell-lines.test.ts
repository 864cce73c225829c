/** Lines of a command whose failure nobody would see. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { unseenLine } from '../../../src/pipeline/items/shell-lines.js';

const unseen = (command: string) => unseenLine(command)?.text;

describe('a line whose failure nobody would see', () => {
  it.each([
    ['stands before another', 'python prep.py\npython train.py\n', 'python prep.py', 0],
    ['stands behind what cannot fail', 'x=1\necho "go > $x"\n\n# now\nprep\ntrain\n', 'prep', 4],
    ['ends in a pipe to another', 'sort in | uniq > out\nwc out', 'sort in | uniq > out', 0],
    ['goes over several', 'prep \\\n  --all\ntrain', 'prep   --all', 0],
    ['has a text over several', "printf 'a\nb' | prep\ntrain", "printf 'a\nb' | prep", 0],
    ['has a comment', 'prep # all of it\ntrain', 'prep', 0],
    ['is no comment', 'prep a#b "# c"\ntrain', 'prep a#b "# c"', 0],
    ['has a here-document', 'prep <<END\nset -e\nEND\ntrain', 'prep <<END', 0],
    ['is in a loop', 'for i in 1 2; do\n  prep $i\n  train $i\ndone', 'prep $i', 1],
    ['ends a loop', 'for i in 1 2; do\n  prep $i\ndone\ntrain', 'prep $i', 1],
    ['ends a case', 'case $x in\n  a) prep ;;\nesac\ntrain', 'a) prep ;;', 1],
    ['is behind a pattern', 'case $x in\n  a)\n    prep\n    train\n    ;;\nesac', 'prep', 2],
    ['is all that a loop does', 'while read x\ndo\n  prep $x\ndone < in\n', 'prep $x', 2],
    ['waits for one job', 'serve & p=$!\nwait $p\nwc out', 'wait $p', 1],
    ['is in a function', 'f() {\n  prep\n  train\n}\nf', 'prep', 1],
    ['asks another command', 'x=$(prep)\ntrain $x', 'x=$(prep)', 0],
    ['comes before set -e', 'prep\nset -e\ntrain', 'prep', 0],
  ])('is one that %s', (_, command, text, line) => {
    expect(unseenLine(command)).toEqual({ text, line });
  });

  it.each([
    ['of one line', 'prep; train'],
    ['of one line and an end', 'prep\n\n  # that is all\n'],
    ['over several lines', 'prep \\\n  --all \\\n  --fast\n'],
    ['joined by &&', 'prep &&\n  train\n'],
    ['that is one pipe', 'sort in |\n  uniq |\n  wc\n'],
    ['that begins with set -e', 'set -e\nprep\ntrain\n'],
    ['that begins with set -eu', '# strict\nset -eu\nprep\ntrain\n'],
    ['that begins with set -o errexit', 'set -o errexit\nprep\ntrain\n'],
    ['that wants it so', 'set +e\nprep\ntrain\n'],
    ['that sees to it line by line', 'prep || exit 1\ntrain\n'],
    [
      'with things that cannot fail before',
      "x='a b'\nn=$((n + 1))\nexport x\ntrap 'rm x' EXIT\nprep",
    ],
    ['that says what it does', 'echo "preparing (all)"\nprintf "%s" now\nprep\n'],
    ['with a condition', 'if test -e x\nthen\n  prep\nelse\n  train\nfi\n'],
    ['with a short condition', '[ -n "$x" ] && x=2\nprep\n'],
    ['with a loop that sees to it', 'while read x\ndo\n  prep $x || exit 1\ndone < in\n'],
    ['that waits for all jobs', 'serve & p=$!\nwait\nprep\n'],
    ['with a choice', 'case $x in\n  a) prep ;;\n  b)\n    train\n    ;;\nesac\n'],
    ['with a function', 'f() {\n  prep "$1"\n}\nf a\n'],
    ['with something in the background', 'serve &\nprep\n'],
    ['with a here-document', 'cat > x <<END\nprep\ntrain\nEND\n'],
    ['with a text over several lines', "python -c 'import x\nx.prep()\nx.train()'\n"],
  ])('is none in a command %s', (_, command) => {
    expect(unseen(command)).toBeUndefined();
  });

  it('is what the shell itself lets pass, and no more once the command begins with set -e', () => {
    const command = 'for i in 1 2; do\n  test $i = 2\n  echo $i\ndone';
    expect(unseen(command)).toBe('test $i = 2');
    const status = (text: string) => spawnSync('/bin/sh', ['-c', text]).status;
    expect([status(command), status(`set -e\n${command}`)]).toEqual([0, 1]);
  });
});
