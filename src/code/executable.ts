/** The executable text of a stage: the bundle with absolute paths filled in, and its source map. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Links, type Places, placed } from './placeholder.js';

/** A bundled module with placeholders for paths. */
export interface Bundle {
  /** One statement per line. */
  readonly text: string;
  readonly map: string;
  readonly links: Links;
}

/** Replaces import.meta.resolve: packages by `require`, paths and URLs relative to the file itself. */
const RESOLVER =
  'const __pipe_resolver=(from)=>(specifier)=>{' +
  'const builtin=__pipe_builtin(specifier);' +
  "if(builtin)return specifier.startsWith('node:')?specifier:`node:${specifier}`;" +
  'if(/^(?:\\.{0,2}\\/|[a-z][a-z+.-]+:)/i.test(specifier))return new URL(specifier,from).href;' +
  'return __pipe_url_of(__pipe_require_of(from).resolve(specifier)).href};' +
  "import{createRequire as __pipe_require_of,isBuiltin as __pipe_builtin}from'node:module';" +
  "import{pathToFileURL as __pipe_url_of}from'node:url';";

/** The name under which esbuild looks for a `require` that remains in the bundle. */
const REQUIRE =
  "import{createRequire as __pipe_create_require}from'node:module';const require=__pipe_create_require(import.meta.url);";

export function executable({ text, map, links }: Bundle, places: Places): string {
  const head = [
    /\b__pipe_resolver\b/.test(text) ? RESOLVER : '',
    /\b__require\b/.test(text) ? REQUIRE : '',
  ].join('');
  return `${head}\n${placed(text, links, places)}${sourceMap(map, places.root)}`;
}

/** Each `;` of the mappings ends a line: add one for the head. */
function sourceMap(text: string, root: string): string {
  const map = JSON.parse(text) as { sources: string[]; mappings: string };
  const sources = map.sources.map((file) => pathToFileURL(path.resolve(root, file)).href);
  const moved = JSON.stringify({ ...map, sources, mappings: `;${map.mappings}` });
  const data = Buffer.from(moved).toString('base64');
  return `//# sourceMappingURL=data:application/json;base64,${data}\n`;
}
