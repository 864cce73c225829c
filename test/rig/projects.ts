/** Projects that are removed when their test ends, however it ends. */
import { onTestFinished } from 'vitest';
import { Project } from './project.js';
import { ProjectWithin } from './within.js';

type Files = ConstructorParameters<typeof Project>[0];

/** Each of its commands is a process. */
export function project(files: Files = {}): Project {
  return disposed(new Project(files));
}

/** Its commands run within this process. */
export function projectWithin(files: Files = {}): Project {
  return disposed(new ProjectWithin(files));
}

/** The same for a project that was created otherwise. */
export function disposed<Kind extends Project>(made: Kind): Kind {
  onTestFinished(() => made.dispose());
  return made;
}
