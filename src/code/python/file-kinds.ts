/** What a name says about a file: whether Python executes it, or is Python. Pure. */

export const INTERPRETER = /(?:^|\/)(?:i?python|pypy)[\d.]*$/;

export function isPython(file: string): boolean {
  return /\.pyw?$/i.test(file);
}

export function isNotebook(file: string): boolean {
  return /\.ipynb$/i.test(file);
}

/** An archive from which Python imports, or whose `__main__` it executes. */
export function isArchive(file: string): boolean {
  return /\.(?:pyz|zip|whl|egg)$/i.test(file);
}
