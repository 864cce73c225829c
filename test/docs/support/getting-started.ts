/** docs/getting-started.md in an empty folder that has the packed package and nothing else. */
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { expect } from 'vitest';
import { installPacked } from '../../rig/packed.js';
import { Project } from '../../rig/project.js';
import { pageOf } from './pages.js';
import { comparable, outputOf, shortenNpx, stepsOf } from './walkthrough.js';

export const sections: ReadonlyMap<string, string> = new Map(
  pageOf('docs/getting-started.md')
    .text.split(/^## /m)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

export class GettingStarted {
  readonly #start: Project;
  readonly #projects: Project[] = [];

  /** After the commands of the section Install. */
  constructor() {
    this.#start = this.#made();
    expect(sections.get('Install')).toContain(
      '```sh\nnpm init -y\nnpm install /path/to/clone/pipe-run-0.1.0.tgz\n```',
    );
    expect(spawnSync('npm', ['init', '-y'], { cwd: this.#start.root }).status).toBe(0);
    installPacked(this.#start);
  }

  /** Follows a section in its own folder. */
  follow(section: string, prepare: (project: Project) => void = () => {}): void {
    const project = this.#made();
    cpSync(this.#start.root, project.root, { recursive: true, verbatimSymlinks: true });
    shortenNpx(project);
    prepare(project);
    const steps = stepsOf(sections.get(section)!);
    expect(steps.length).toBeGreaterThan(7);
    for (const step of steps) {
      if ('file' in step) project.write(step.file, step.text);
      else expect(comparable(outputOf(project, step.command))).toBe(comparable(step.shown));
    }
  }

  dispose(): void {
    for (const project of this.#projects) project.dispose();
  }

  #made(): Project {
    const project = new Project();
    this.#projects.push(project);
    return project;
  }
}
