/** The folders whose build files a tool reads: those of a project, of its workspace, of local dependencies. */
import path from 'node:path';
import { wildcards } from '../../wildcards.js';
import { folderIn, inProject, isOutside, withParents } from '../project-paths.js';
import type { Reads } from './trace-reads.js';

const MEMBER_FILES = [
  'pyproject.toml',
  'pixi.toml',
  'hatch.toml',
  'Pipfile',
  'requirements.txt',
  'environment.yml',
];

/** Lists with members of a workspace, and the paths of local dependencies. */
const MEMBERS =
  /\bmembers\s*=\s*\[([^\]]*)\]|\bpath\s*=\s*("[^"]*"|'[^']*')|(?:\$\{PROJECT_ROOT\}|\{root:uri\})\/([\w./-]{1,250})|(?<!\S)(?:-e|--editable)[ =]+(?:file:)?([\w./-]{1,250})/g;
const QUOTED = /["']([^"'\0\n]{1,250})["']/g;

/** The folders whose build files a tool reads: these, those above them, and their members. */
export function projectFolders(folders: readonly string[], reads: Reads): string[] {
  const found = new Set(folders.flatMap(withParents));
  for (const folder of found) {
    const files = MEMBER_FILES.flatMap((file) => inProject(folder, file));
    const text = files.flatMap((file) => reads.textOf(file) ?? []).join('\n');
    if (text === '') continue;
    const members = [...text.matchAll(MEMBERS)].flatMap(([, list, quoted, ...plain]) => [
      ...[...(list ?? quoted ?? '').matchAll(QUOTED)].map(([, member = '']) => member),
      ...plain.filter((member) => member !== undefined),
    ]);
    for (const member of members)
      for (const each of membersAt(folder, member, reads)) found.add(each);
  }
  return [...found];
}

function membersAt(folder: string, pattern: string, { finder }: Reads): string[] {
  if (pattern.startsWith('/')) return [];
  let found = [folder];
  for (const part of pattern.replace(/\/$/, '').split('/')) {
    const isMeant = wildcards(part);
    found = found.flatMap((at) =>
      part.includes('*')
        ? finder.all(at).filter((each) => isMeant(path.posix.basename(each)))
        : [folderIn(at, part)],
    );
  }
  return found.filter((each) => !isOutside(each));
}
