/** Patterns for paths with slashes: `*` and `?` within a folder, `**` across folders, `{a,b}` for choices. */

const SPECIAL = /\*\*\/|\*\*|[*?{},]|[\\^$.|+()[\]]/g;

/** A test for whole paths. Names that begin with a dot need no special care here. */
export function compileGlob(pattern: string): (path: string) => boolean {
  let depth = 0;
  const source = pattern.replace(SPECIAL, (token) => {
    switch (token) {
      case '**/':
        return '(?:.*/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      case '{':
        depth++;
        return '(?:';
      case '}':
        if (depth === 0) return '\\}';
        depth--;
        return ')';
      case ',':
        return depth > 0 ? '|' : ',';
      default:
        return `\\${token}`;
    }
  });
  if (depth > 0) throw new SyntaxError(`a brace is not closed in the pattern ${pattern}`);
  const expression = new RegExp(`^${source}$`, 'su');
  return (path) => expression.test(path);
}
