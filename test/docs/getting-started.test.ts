/** docs/getting-started.md, followed word for word in a folder that has the packed package and nothing else. */
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked } from '../rig/packed.js';
import { Project } from '../rig/project.js';
import { pageOf } from './support/pages.js';
import { comparable, outputOf, shortenNpx, stepsOf } from './support/walkthrough.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const sections = new Map(
  pageOf('docs/getting-started.md')
    .text.split(/^## /m)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

let start: Project;
const projects: Project[] = [];

/** An empty folder, after the commands of the section Install. */
beforeAll(() => {
  start = newProject();
  expect(sections.get('Install')).toContain('```sh\nnpm init -y\nnpm install pipe-run\n```');
  expect(spawnSync('npm', ['init', '-y'], { cwd: start.root }).status).toBe(0);
  installPacked(start);
});
afterAll(() => {
  for (const project of projects) project.dispose();
});

function newProject(): Project {
  const project = new Project();
  projects.push(project);
  return project;
}

/** Follows a section in a folder of its own. */
function follow(section: string): void {
  const project = newProject();
  cpSync(start.root, project.root, { recursive: true, verbatimSymlinks: true });
  shortenNpx(project);
  const steps = stepsOf(sections.get(section)!);
  expect(steps.length).toBeGreaterThan(10);
  for (const step of steps) {
    if ('file' in step) project.write(step.file, step.text);
    else expect(comparable(outputOf(project, step.command))).toBe(comparable(step.shown));
  }
}

describe('docs/getting-started.md', () => {
  it.runIf(hasPython)('holds in Python, line by line', () => follow('In Python'));

  it('holds in TypeScript, line by line', () => follow('In TypeScript'));
});
