/** Projects that are gone when the test that made them has ended, however it ended. */
import { onTestFinished } from 'vitest';
import { Project } from './project.js';

export function project(files: ConstructorParameters<typeof Project>[0] = {}): Project {
  return disposed(new Project(files));
}

/** The same of a project that was made otherwise. */
export function disposed(made: Project): Project {
  onTestFinished(() => made.dispose());
  return made;
}
