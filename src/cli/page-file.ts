/** Writes a page as one HTML file. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import type { PageModel } from '../page/model.js';
import { PAGE_START, pageText } from '../page/page-html.js';
import { embedding, type PictureSource } from '../page/page-pictures.js';
import { plural } from '../report/wording.js';
import { isWithin } from '../sys/is-within.js';
import { makeFolder } from '../sys/make-folder.js';
import { namedPlace } from '../sys/real-place.js';
import type { CommandContext } from './command.js';
import type { Option, Parsed } from './command-usage.js';
import { requireOwnFile, wrote } from './output.js';

/** `fallback`: relative to the project. */
export function outOption(fallback: string): Option {
  return {
    name: 'out',
    value: 'file',
    help: `the file to write (default: ${fallback} in the project)`,
  };
}

/** A page that is ready to be written: the project is closed already. */
export interface PageFile {
  readonly file: string;
  readonly html: string;
}

/** @throws UserError for a file that the pipeline reads or writes, or that is not a page */
export async function pageFile(
  project: Project,
  { host }: CommandContext,
  parsed: Parsed,
  fallback: string,
  collect: (sourceOf: PictureSource) => PageModel | Promise<PageModel>,
): Promise<PageFile> {
  const file = target(project, parsed.text('out'), fallback);
  let leftOut = 0;
  const model = await collect(embedding(project.cache, () => leftOut++));
  const notes =
    leftOut === 0 ? [] : [`${plural(leftOut, 'picture')} left out: too large for one file`];
  const { html } = pageText(host.dist, 'file', { ...model, notes: [...model.notes, ...notes] });
  return { file, html };
}

/** Prints the path. Returns false when it cannot be written, after reporting why. */
export function writePage({ file, html }: PageFile, { host, terminal }: CommandContext): boolean {
  const write = () => {
    makeFolder(path.dirname(file));
    writeFileSync(file, html);
  };
  const shown = path.relative(host.cwd, file) || '.';
  if (!wrote(shown, write, terminal.err)) return false;
  terminal.out(`${shown}\n`);
  return true;
}

/**
 * Absolute path of the file.
 *
 * @throws UserError when the pipeline reads or writes it: the page would make an item stale; or when
 * another file is there
 */
function target({ root, cwd, plan }: Project, name: string | undefined, fallback: string): string {
  const file = name === undefined ? path.join(root, fallback) : namedPlace(cwd, name);
  for (const item of plan.items) {
    const named = [...item.outs, ...item.deps.filter(({ glob }) => !glob)];
    const taken = named.find((each) => isWithin(file, path.join(root, each.path)));
    if (taken === undefined) continue;
    throw userError(
      'option-value',
      `--out cannot be ${name}: ${taken.path} belongs to ${item.id}`,
      'name a file that the pipeline neither reads nor writes',
    );
  }
  requireOwnFile('--out', name ?? fallback, file, PAGE_START);
  return file;
}
