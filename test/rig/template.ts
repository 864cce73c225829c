/**
 * A project that was run once, to be copied, because a copy costs less than a run for each test.
 */
import { cpSync } from 'node:fs';
import { afterAll } from 'vitest';
import { Project } from './project.js';

/**
 * Returns copies of a project with these files after `pipe run`; the caller disposes of them. A
 * process ran it, and the commands of the copies run as this kind of project runs them.
 */
export function ranOnce(
  files: Readonly<Record<string, string>>,
  Kind: typeof Project = Project,
): () => Promise<Project> {
  let template: Promise<Project> | undefined;
  afterAll(async () => (await template)?.dispose());
  return async () => {
    template ??= made(files);
    const copy = new Kind();
    cpSync((await template).root, copy.root, { recursive: true, verbatimSymlinks: true });
    return copy;
  };
}

async function made(files: Readonly<Record<string, string>>): Promise<Project> {
  const project = new Project(files);
  const { code, out, err } = await project.pipe('run');
  if (code !== 0) throw new Error(`the run of the template ended with ${code}:\n${out}${err}`);
  return project;
}
