/** Limits that keep the code easy to read, and file names that a search finds once. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFunctionLikeDeclaration, type Node, type SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** From the first line of the function to its last one, comments and blank lines included. */
const MAX_FUNCTION = 60;
const MAX_FILE = 300;

const files = parsedFiles(['tsconfig.json', 'src/page/client/tsconfig.json']);

describe('the size of the code', () => {
  it(`has no function over ${MAX_FUNCTION} lines`, () => {
    const long = [...files].flatMap(([file, source]) => longFunctions(file, source));
    expect(long).toEqual([]);
  });

  it(`has no file over ${MAX_FILE} lines`, () => {
    const long = [...files].filter(([, source]) => source.getLineStarts().length - 1 > MAX_FILE);
    expect(long.map(([file]) => file)).toEqual([]);
  });
});

describe('the file names of src/', () => {
  it('are unique', () => {
    const names = [...files.keys()]
      .filter((file) => file.startsWith('src/'))
      .map((file) => path.basename(file));
    expect(names.length).toBeGreaterThan(500);
    expect(names.filter((name, at) => names.indexOf(name) < at)).toEqual([]);
  });
});

/** The files of the TypeScript projects, without tests and dependencies, by path. */
function parsedFiles(configs: readonly string[]): ReadonlyMap<string, SourceFile> {
  const api = new API({ cwd: root });
  const found = new Map<string, SourceFile>();
  for (const config of configs) {
    const openProjects = [path.join(root, config)];
    const project = api.updateSnapshot({ openProjects }).getProject(path.join(root, config));
    for (const name of project?.program.getSourceFileNames() ?? []) {
      const file = path.relative(root, name);
      if (!/^(?:src|stages|packages|bench)\/(?!.*node_modules\/)/.test(file)) continue;
      const source = project?.program.getSourceFile(name);
      if (source !== undefined) found.set(file, source);
    }
  }
  api.close();
  return found;
}

function longFunctions(file: string, source: SourceFile): string[] {
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const long: string[] = [];
  const visit = (node: Node): void => {
    const [first, last] = [lineOf(node.getStart(source)), lineOf(node.end)];
    if (isFunctionLikeDeclaration(node) && last - first >= MAX_FUNCTION)
      long.push(`${file}:${first}: ${last - first + 1} lines`);
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return long;
}
