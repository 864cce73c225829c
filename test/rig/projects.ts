/** Projects that are gone when the test that made them has ended, however it ended. */
import { onTestFinished } from 'vitest';
import { Project } from './project.js';
import { ProjectWithin } from './within.js';

type Files = ConstructorParameters<typeof Project>[0];

/** Each of its commands is a process. */
export function project(files: Files = {}): Project {
  return disposed(new Project(files));
}

/** Its commands are answered within this process. */
export function projectWithin(files: Files = {}): Project {
  return disposed(new ProjectWithin(files));
}

/** The same of a project that was made otherwise. */
export function disposed<Kind extends Project>(made: Kind): Kind {
  onTestFinished(() => made.dispose());
  return made;
}
