/** The Python environment in which a program starts others. */

export type Environment =
  /** A virtual environment, relative to where the command runs. */
  | { readonly kind: 'folder'; readonly path: string }
  /** The environment that a tool such as uv keeps for the project; pixi and hatch have several, by name. */
  | { readonly kind: 'project'; readonly tool: string; readonly name?: string }
  /** A conda environment by its name. */
  | { readonly kind: 'conda'; readonly name: string };

export interface Choice {
  /** Where to look for programs before PATH. */
  readonly environment?: Environment;
  /** The folder in which the environment was chosen, relative to the project, if the program starts in another one. */
  readonly from?: string;
  /** Folders of the projects whose packages are installed in it, relative to the project. */
  readonly projects?: readonly string[];
  /** Why the words do not show which Python it is. */
  readonly unclear?: string;
}

/** The folder of the Python environment that installed a program; undefined for any other file. */
export function environmentOf(
  file: string,
  exists: (where: string) => boolean,
): string | undefined {
  const folder = /^(.+)\/bin\/[^/]+$/.exec(file)?.[1];
  if (folder === undefined) return undefined;
  return ['pyvenv.cfg', 'conda-meta'].some((name) => exists(`${folder}/${name}`))
    ? folder
    : undefined;
}
