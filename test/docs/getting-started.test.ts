/** docs/getting-started.md, followed word for word in a folder that has the packed package and nothing else. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installPacked } from '../rig/packed.js';
import { Project } from '../rig/project.js';
import { pageOf, ROOT } from './support/pages.js';
import { comparable, outputOf, shortenNpx, stepsOf } from './support/walkthrough.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const sections = new Map(
  pageOf('docs/getting-started.md')
    .text.split(/^## /m)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

const projects: Project[] = [];
afterAll(() => {
  for (const project of projects) project.dispose();
});

/** An empty folder, after the commands of the section Install. */
function installed(): Project {
  const project = new Project();
  projects.push(project);
  expect(sections.get('Install')).toContain('```sh\nnpm init -y\nnpm install pipe-run\n```');
  expect(spawnSync('npm', ['init', '-y'], { cwd: project.root }).status).toBe(0);
  installPacked(project);
  shortenNpx(project);
  return project;
}

/** Follows a section, and gives its project. */
function follow(section: string): Project {
  const project = installed();
  const steps = stepsOf(sections.get(section)!);
  expect(steps.length).toBeGreaterThan(10);
  for (const step of steps) {
    if ('file' in step) project.write(step.file, step.text);
    else expect(comparable(outputOf(project, step.command))).toBe(comparable(step.shown));
  }
  return project;
}

describe('docs/getting-started.md', () => {
  it.runIf(hasPython)('holds in Python, line by line', () => {
    follow('In Python');
  });

  it('holds in TypeScript, line by line, and its stages have their types', () => {
    const project = follow('In TypeScript');
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--pretty', 'false'];
    const types = ['--typeRoots', path.join(ROOT, 'node_modules/@types'), '--types', 'node'];
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const stages = ['data', 'train', 'evaluate'].map((name) => `stages/${name}.ts`);
    const checked = spawnSync(process.execPath, [tsc, ...options, ...types, ...stages], {
      cwd: project.root,
      encoding: 'utf8',
    });
    expect(checked.stdout).toBe('');
  });
});
