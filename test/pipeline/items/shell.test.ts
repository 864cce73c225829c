/** Values in shell commands arrive unchanged, whatever they contain and wherever they are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandAction } from '../../../src/pipeline/items/command-parts.js';
import { quotePlain } from '../../../src/pipeline/items/shell-quote.js';
import type { Action } from '../../../src/pipeline/plan.js';
import { mistakesOf, planOf } from '../rig.js';

/** The action of a stage with this command, the param `x` being `value`. */
function actionOf(cmd: unknown, value: unknown, more = ''): Action {
  const text = `params: { x: ${JSON.stringify(value)} }
stages:
  s: { cmd: ${JSON.stringify(cmd)}${more} }
`;
  return planOf(text).items[0]!.action;
}

function commandOf(cmd: string, value: unknown): string {
  const action = actionOf(cmd, value);
  if (action.kind !== 'shell') throw new Error('no shell command');
  return action.command;
}

function sh(command: string): string {
  return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
}

const HARD = [
  '',
  ' ',
  'plain-1.2/x',
  "it's",
  "''",
  'a "b" c',
  '$HOME `id` $(id) \\ \\\\ \\n',
  'a;b|c&d>e<f(g)',
  '*?[a]{b,c}~',
  '-n',
  '#no',
  'a=b',
  'two\nlines\n\n3',
  'if',
  '!x',
  '日本 é',
  '\t',
  '%s%d\\0',
  '}',
  '${y}',
];

describe('a value in a shell command', () => {
  it('is as written if it is harmless, else in single quotes', () => {
    expect(commandOf('train --lr ${x}', 0.001)).toBe('train --lr 0.001');
    expect(commandOf('cat ${x}', 'cache/out/a-b_c.txt')).toBe('cat cache/out/a-b_c.txt');
    expect(commandOf('cat ${x}', 'a b')).toBe("cat 'a b'");
    expect(commandOf('cat ${x}', "it's")).toBe("cat 'it'\\''s'");
    expect(commandOf('${x}', 'if')).toBe("'if'");
    expect(commandOf('${x}', 'a=b')).toBe("'a=b'");
    expect(commandOf('echo ${x}>f', 2)).toBe("echo '2'>f");
    expect(commandOf('echo "${x}"', 'a "b"')).toBe('echo "a \\"b\\""');
    expect(commandOf("echo '${x}'", "it's")).toBe("echo 'it'\\''s'");
  });

  // Printed between marks, so that trailing line breaks count.
  const spots = {
    plain: 'printf "<%s>" ${x}',
    'part of a word': 'printf "<%s>" a/${x}.b',
    'in double quotes': 'printf "<%s>" "a ${x} b"',
    'in single quotes': "printf '<%s>' 'a ${x} b'",
    'in $( )': 'printf "<%s>" "$(printf "%s." ${x})"',
    'in quotes in $( ) in quotes': 'printf "<%s>" "$(printf "%s." "${x}" \'${x}\')"',
    'after a comment': "# don't\nprintf '<%s>' ${x}",
    'after a here-document': "cat <<'E' >/dev/null\nit's ) \"\nE\nprintf '<%s>' ${x}",
    'in a subshell': "(printf '<%s>' ${x})",
    'in a case': 'case a in a) printf "<%s>" ${x};; esac',
    'twice, side by side': 'printf "<%s>" ${x}${x}"${x}"',
    'after escaped quotes': 'printf "<%s>" \\"${x}\\\'',
    'after a hash in a word': "printf '<%s>' a#'${x}'",
  };
  const around: Record<string, (value: string) => string> = {
    plain: (v) => `<${v}>`,
    'part of a word': (v) => `<a/${v}.b>`,
    'in double quotes': (v) => `<a ${v} b>`,
    'in single quotes': (v) => `<a ${v} b>`,
    'in $( )': (v) => `<${v}.>`,
    'in quotes in $( ) in quotes': (v) => `<${v}.${v}.>`,
    'twice, side by side': (v) => `<${v}${v}${v}>`,
    'after escaped quotes': (v) => `<"${v}'>`,
    'after a hash in a word': (v) => `<a#${v}>`,
  };

  it.each(Object.entries(spots))('arrives unchanged %s', (name, command) => {
    const expected = HARD.map((value) => (around[name] ?? ((v: string) => `<${v}>`))(value));
    // One shell for all values: the output must be each value in turn.
    const script = HARD.map((value) => commandOf(command, value)).join('\nprintf "\\0"\n');
    expect(sh(script).split('\0')).toEqual(expected);
  });

  it('arrives unchanged for any text, at any of these places (property)', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab \'"\\$`!#*?[]{}()<>|&;=~%-\n\t') });
    const spot = fc.constantFrom('plain', 'in double quotes', 'in single quotes', 'in $( )');
    fc.assert(
      fc.property(fc.array(fc.tuple(spot, text), { minLength: 30, maxLength: 60 }), (cases) => {
        const script = cases
          .map(([name, value]) => commandOf(spots[name as keyof typeof spots], value))
          .join('\nprintf "\\0"\n');
        const expected = cases.map(([name, value]) => around[name]!(value));
        expect(sh(script).split('\0')).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it('in a comment has spaces instead of line breaks', () => {
    expect(commandOf('true # ${x}\ntrue', 'a\nrm b')).toBe('true # a rm b\ntrue');
  });

  it('is refused where nothing can be quoted: in here-documents, in backticks, after a backslash', () => {
    for (const cmd of ['cat <<E\\n${x}\\nE', 'echo `echo ${x}`', 'echo \\\\${x}']) {
      const text = `params: { x: "a b" }\nstages: { s: { cmd: "${cmd}" } }\n`;
      expect(mistakesOf(text)).toContain('(bad-quoting)');
    }
  });

  it('within a list is an argument or a part of one, never quoted', () => {
    const action = actionOf(['printf', '%s', 'a ${x}', '${x}', 3, true], "it's");
    expect(action).toEqual({
      kind: 'argv',
      argv: ['printf', '%s', "a it's", "it's", '3', 'true'],
    });
  });

  it("leaves $${ as a literal ${, and the shell's own uses of $ unchanged", () => {
    expect(commandOf('echo $${HOME} $HOME $$ $$${x}', 1)).toBe('echo ${HOME} $HOME $$ $${x}');
    expect(commandOf('echo $$$${HOME}', 1)).toBe('echo $$${HOME}');
  });
});

describe('a hostile value', () => {
  /** Executed code prints this; in a text, the sum is not computed. */
  const CODE = 'echo PWN$((40+2))ED';
  const values = [
    CODE,
    `$(${CODE})`,
    `\`${CODE}\``,
    `;${CODE};`,
    `\n${CODE}\n`,
    `';${CODE};'`,
    `";${CODE};"`,
    `\\';${CODE};'`,
    `'"'";${CODE};"'"'`,
    `);${CODE};(`,
    `};${CODE};{`,
    `E\n${CODE}\n`,
    `a[$(${CODE})]`,
    `1))$(${CODE})`,
    'a b',
    "it's",
    '}',
    'name',
  ];
  const SPOTS = ['${x}', '"${x}"', "'${x}'", 'a"b ${x}\'"', '"$HOME"${x}', '$v${x}', '"$v${x}"'];
  /** Each is separate code, with code in it. */
  const AROUND = [
    '@',
    'echo "$(@)"',
    'echo $(@)',
    '(@)',
    '( (@) )',
    'case a in a) @;; esac',
    'echo "$(case a in a) @;; esac)"',
    'echo "$(case a in (a) @;; esac)"',
    'echo `@`',
    'echo "`@`"',
    'echo $((1 + (2)))#z; @',
    'echo $(true)#z; @',
    'echo $(true)#; @',
    'echo $(true)# @',
    "echo a#b; @ # it's",
    '# it\'s "\n@',
    'cat <<E # note\n@\nE\n',
    'cat <<E\n@\nE\n',
    "cat <<'E' ; @\nit's\nE\n",
    'cat <<E\n\tE\n@\nE\n',
    'cat <<-E\n\tE\n@',
    'cat <<E-F\nE\n@\nE-F\n',
    'cat <<"E F"\nE\n@\nE F\n',
    'cat <<E <<F\nE\nF\n@',
    "echo $'a\\'; @; echo '",
    "echo $'a'; @",
    'echo "$${y:-@}"',
    'echo $${y:-"@"}',
    'echo "$${y:-"@"}"',
    "echo $${y:-'}'}; @",
    'echo "$${y#\'@\'}"',
    'echo $((@))',
    'true; ((@))',
    'echo $[@]',
    'echo "a\\"; @; echo \\"b"',
    'f() { @; }; f',
    'if true; then @; fi',
    '{ @; }',
    'echo <(@)',
    'cat <<<E\n@',
    'sh -c "@"',
    "bash -c '@'",
    'bash -c -x "@"',
    'eval "@"',
    'trap "@" EXIT',
    'python3 -c"@"',
    '[[ @ -eq 1 ]]',
    'let "a=@"',
    '{ @; } | sh',
    '(@) | (cat) | bash',
    'f() { @; }; f | sh',
    'f() (@)\nbash <(f)',
    'if @; then true; fi | sh',
    'for i in 1; do @; done | # next\nbash # end',
    'for i in 1 2; do @; done | sh',
    '@ > run.sh; sh run.sh',
    '{ @; } | tee run.sh; . ./run.sh',
    'A="$(@)"; sh -c "$A"',
  ];
  const BARE = ['${x}', '"${x}"', "'${x}'"];

  const nests = fc.array(fc.constantFrom(...AROUND), { minLength: 1, maxLength: 3 });
  const cores = fc.oneof(
    fc.constantFrom(...SPOTS).map((spot) => `v=; printf "[%s]" ${spot}`),
    fc.constantFrom(...BARE),
  );
  const commands = fc
    .tuple(nests, cores, fc.constantFrom('', '; printf "[%s]" ${x}', '\nprintf "[%s]" "${x}"'))
    .map(
      ([around, core, after]) =>
        `${around.reduceRight((code, each) => each.replace('@', () => code), core)}${after}`,
    );

  it('is quoted or refused, and never executed, at any place (property)', () => {
    let accepted = 0;
    const cwd = mkdtempSync(path.join(tmpdir(), 'pipe-shell-'));
    const check = (cmd: string, value: string) => {
      let command: string;
      try {
        command = commandOf(cmd, value);
      } catch (error) {
        expect(String(error)).toMatch(/bad-quoting|UserError|stands/);
        return;
      }
      accepted += 1;
      for (const shell of ['/bin/sh', 'bash']) {
        const { stdout, stderr } = spawnSync(shell, ['-c', command], { cwd, encoding: 'utf8' });
        expect(`${stdout}${stderr}`).not.toContain('PWN42ED');
      }
    };
    const piped = 'echo $((echo $(printf "[%s]" ${x})) | (cat) | bash)';
    fc.assert(fc.property(commands, fc.constantFrom(...values), check), {
      numRuns: 150,
      examples: values.map((value) => [piped, value]),
    });
    rmSync(cwd, { recursive: true });
    expect(accepted).toBeGreaterThan(15);
  });
});

describe('a value after a variable of the shell', () => {
  it('does not become part of its name', () => {
    expect(sh(commandOf('v=a; printf "%s" $v${x} "$v${x}" $v-${x}', 'b'))).toBe('ababa-b');
  });
});

describe('a pattern dep in a command', () => {
  const deps = ', deps: { all: "data/*.txt" }';
  const files = () => ["data/it's.txt", 'data/b c.txt'];

  it('is a pattern in the plan, and is replaced by the matching files', () => {
    const action = actionOf('cat ${deps.all} > out', 1, deps);
    expect(action).toEqual({
      kind: 'shell',
      command: 'cat data/*.txt > out',
      parts: ['cat ', { dep: 'all', pattern: 'data/*.txt' }, ' > out'],
    });
    expect(expandAction(action, files)).toEqual({
      kind: 'shell',
      command: "cat 'data/it'\\''s.txt' 'data/b c.txt' > out",
    });
  });

  it('in a list becomes an argument for each file', () => {
    const action = actionOf(['cat', '${deps.all}', '-'], 1, deps);
    expect(action).toMatchObject({ argv: ['cat', 'data/*.txt', '-'] });
    expect(expandAction(action, files)).toEqual({
      kind: 'argv',
      argv: ['cat', "data/it's.txt", 'data/b c.txt', '-'],
    });
  });

  it('does not change any other action', () => {
    const action = actionOf('cat ${x}', 1, deps);
    expect(expandAction(action, files)).toBe(action);
  });

  it('cannot be part of an argument', () => {
    expect(() => actionOf(['cat', 'a${deps.all}'], 1, deps)).toThrow('a separate word');
  });
});

describe('quotePlain', () => {
  it('gives one word that the shell reads as the text (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary-ascii' }), { maxLength: 40 }), (values) => {
        const sane = values.map((value) => value.replaceAll('\0', ''));
        const words = sane.map((value) => quotePlain(value)).join(' ');
        expect(sh(`printf '%s\\001' x ${words}`)).toBe(
          ['x', ...sane].map((v) => `${v}\x01`).join(''),
        );
      }),
      { numRuns: 30 },
    );
  });
});

describe('a value in code that is parsed again', () => {
  const nested = [
    'bash -c "echo ${x}"',
    "sh -c 'echo ${x}'",
    'env A=1 /bin/sh -ec "echo ${x}"',
    'bash -o pipefail -c "echo; cat ${x} | wc"',
    'true && bash -c \'echo "${x}"\'',
    'timeout 5 bash -lc "a"${x}',
    'ssh host "cd a; rm ${x}"',
    'ssh host rm ${x}',
    'eval "echo ${x}"',
    'python3 -c "print(\'${x}\')"',
    "xargs sh -c 'echo ${x}'",
    'S=sh; $S -c "echo ${x}"',
    '"$(which sh)" -ec "echo ${x}"',
    '`which sh` -c "echo ${x}"',
    'source <(echo "echo ${x}")',
    '. <(printf "%s" "echo ${x}")',
    'bash <(echo echo ${x})',
    'A="echo ${x}"; eval "$A"',
    "export A='echo ${x}' && eval $${A}",
    'echo ${x} | bash -s',
    'echo "run ${x}"|sh',
    "printf '%s\\n' ${x} | /bin/sh -e",
    'echo "$(printf %s ${x})" | sudo bash -s -- a b',
    'date; echo ${x} 2>&1 | tee log | bash -x > out.txt 2>&1 && date',
    'y=$(echo ${x} | python3 -) && echo "$y"',
    'echo "print(1) # ${x}" | python3',
    'echo "${x} $(a | b)" |& sh -o pipefail',
    'echo "cd ${x}" | ssh -p 22 user@host',
    'echo "cd ${x}" | ssh host bash -s',
    'echo "cat ${x}" | docker run -i image bash',
    'echo "python train.py ${x}" | qsub -N job -l nodes=1',
    'bash <<< ${x}',
    'bash -s a <<< "echo ${x}"',
    'source /dev/stdin <<<"A=${x}"',
    'python3 - <<< "print(${x})"',
    'bash -e < <(echo echo ${x})',
    'sh -e <(printf ${x})',
    '{ echo ${x}; } | sh',
    'echo $${y:-a; ${x}} | sh',
    'eval $${y:-a; ${x}}',
    'echo ${x} | sh # as a script',
    'echo ${x} |\n# as a script\nsh',
    '(printf %s ${x}) | bash',
    '(cd out && (echo "a ${x}")) | tee log | bash',
    'for i in 1 2; do echo ${x}; done | sh',
    'if true; then echo; else while read l; do echo ${x}; done < list; fi | sh',
    'case a in a) echo ${x};; esac | bash',
    'f() { echo ${x}; }; f | sh',
    'function f { echo ${x}; }\neval "$(f)"',
    'f() ( echo ${x} ); source <(f)',
    'bash <(cat <(echo ${x}))',
    'f() { eval "$1"; }; f ${x}',
    'set -- ${x}; sh -c "$1"',
    'echo ${x} > run.sh; sh run.sh',
    'echo "a ${x}" >> out/run.sh && . ./out/run.sh',
    'echo ${x} > ${outs.s}; chmod +x ${outs.s}; ./${outs.s}',
    'mkdir -p out; > ./run.sh echo ${x}; sh < run.sh',
    '{ echo "#!/bin/sh"; echo ${x}; } > run; chmod +x run; ./run',
    'echo ${x} | cat > run.py; timeout 5 python3 -u run.py a',
    'echo ${x} | tee a run.sh; cat run.sh | sh',
    'A="echo ${x}"; sh -c "$A"',
    'A="echo ${x}"; { echo "$A"; } | sh',
    'A=(echo ${x}); eval "$${A[@]}"',
    'for v in a ${x}; do bash -c "$v"; done',
    'echo ${x} | while read -r l; do eval "$l"; done',
    'echo ${x} | xargs -I{} sh -c "echo {}"',
    'echo ${x} | xargs bash -c',
    'echo ${x} | parallel -j 4',
    'env -S "sh -c ${x}"',
    'node -p "\'${x}\'"',
    'php -r "${x};"',
    'Rscript --vanilla -e "print(\'${x}\')"',
    'find . -exec sh -c "echo ${x} {}" \\;',
    'watch -n 1 "echo ${x}"',
    'at now <<< ${x}',
    'printf -v ${x} a',
  ];

  it.each(nested)('is refused in %s unless it is harmless', (cmd) => {
    const yaml = (value: string) =>
      `params: { x: ${JSON.stringify(value)} }
stages: { s: { cmd: ${JSON.stringify(cmd)}, outs: { s: out/run.sh } } }`;
    for (const value of ['a; touch b', 'a b', '$(id)', "it's", '`id`'])
      expect(mistakesOf(yaml(value))).toContain('would read it as code');
    const harmless = planOf(yaml('a/b-1.2')).items[0]!.action;
    expect(harmless).toMatchObject({ command: expect.stringContaining('a/b-1.2') });
  });

  it('is also refused in a list', () => {
    expect(() => actionOf(['bash', '-c', 'echo ${x}'], 'a; b')).toThrow('would read it as code');
    expect(() => actionOf(['ssh', 'host', 'rm ${x}'], 'a; b')).toThrow('would read it as code');
    const given = ['bash', '-c', 'echo "$1"', '_', '${x}'];
    expect(actionOf(given, 'a; b')).toMatchObject({ argv: [...given.slice(0, 4), 'a; b'] });
  });

  it('is noted if files of a pattern are inserted, whose names are known later', () => {
    const action = actionOf('eval "ls $(echo ${deps.all})"', 1, ', deps: { all: "data/*.txt" }');
    expect(action).toMatchObject({
      parts: [{}, { dep: 'all', reader: 'eval' }, {}].map((each, i) =>
        i === 1 ? each : expect.any(String),
      ),
    });
  });

  it('is noted if those files are printed as code', () => {
    const action = actionOf('echo ${deps.all} | sh', 1, ', deps: { all: "data/*.txt" }');
    expect(action).toMatchObject({
      parts: [expect.any(String), { dep: 'all', reader: 'sh' }, expect.any(String)],
    });
  });

  it.each([
    'bash -c \'echo "$1"\' _ ${x}',
    'bash -c \'echo "$1"\' _ "${x}"',
    'wc -c "${x}"',
    'grep -c "${x}" file',
    'echo bash; echo "${x}"',
    'bash script.sh "${x}"',
    'bash -c true; echo "${x}"',
    'echo $((1)) $(true) "${x}"',
    'cat <<E\n$(date)\nE\necho "${x}"',
    'cat <<<word; echo "${x}"',
    '$CC -c "${x}"',
    '"$CC" -O2 -c ${x}',
    'A="echo ${x}"; echo "$A"; eval "$B"',
    'diff <(sort "${x}") <(sort b)',
    'echo "${x}" | cat',
    'echo "${x}" | bash script.sh',
    'echo "${x}" | bash -c "cat"',
    'echo "${x}" | python3 script.py',
    'echo "${x}" | python3 -m json.tool',
    'echo "${x}" | python3 -c "print(1)"',
    'echo "${x}" | perl -ne print',
    'echo "${x}" | grep sh',
    'echo "${x}" | tee run.sh',
    'echo "${x}" | ssh host cat',
    'echo "${x}" | ssh host bash script.sh',
    'echo "${x}" | docker run -i image cat',
    'echo "${x}" || bash',
    'echo "${x}"; true | bash',
    'echo "${x}" & true | bash',
    'grep "${x}" jobs.txt | bash',
    'cat "${x}" | bash',
    'echo true | bash -s "${x}"',
    'echo "$(wc -l "${x}") lines" | cat',
    'bash script.sh <<< "${x}"',
    'python3 script.py <<< "${x}"',
    'cat <<< "${x}"',
    'bash -c cat < <(echo "${x}")',
    'bash script.sh <(echo "${x}")',
    'python3 -c "print(1)" <(echo "${x}")',
    'echo let "${x}"',
    'python3 train.py --mode parallel --name "${x}"',
    'python3 train.py -c "${x}"',
    'bash script.sh -c "${x}"',
    'python3 -m mod -c "${x}"',
    'node train.js -p "${x}"',
    '{ echo "${x}"; } | cat',
    '{ echo "${x}" >&2; echo true; } | sh',
    '{ echo true; } | sh; echo "${x}"',
    'echo "${x}"; { echo true; } | sh',
    '{ grep "${x}" list; } | sh',
    'if [ "${x}" = a ]; then echo true; fi | sh',
    'for i in 1; do echo "${x}" > log; echo true; done | sh',
    'f() { echo "${x}"; }; echo true | sh; f | cat',
    'echo "}" "${x}"; echo true | sh',
    'echo "${x}" > data; sh run.sh data',
    'echo "${x}" > data; sh -c "cat data"',
    'sh run.sh; echo "${x}" > run.sh',
    'A="${x}"; sh -c \'echo "$1"\' _ "$A"',
    'export A="${x}"; sh -c \'echo "$A"\'',
    'A="${x}"; eval \'echo "$A"\'',
    'f() { echo "$1"; }; f "${x}"',
    'echo "${x}" | xargs -I{} sh -c \'echo "$1"\' _ {}',
    'echo "${x}" | while read -r l; do echo "$l"; done',
    'echo "$(grep "${x}" list)" | sh',
  ])('is quoted as usual in %s', (cmd) => {
    expect(commandOf(cmd, 'a b')).toContain('a b');
  });
});
