/** The deps of an item, with placeholders filled. */
import { escapeGlob } from '../glob.js';
import { fill, type Template } from './fill-placeholders.js';
import type { DraftDep, Written } from './item-draft.js';
import { depPath, excludeMistake, NO_NAME, noName, slashMistake } from './paths.js';
import type { Paths, Site } from './scope.js';

interface Reads {
  readonly deps: readonly DraftDep[];
  readonly paths: Paths;
}

/** `unread`: the stage's deps are malformed, so names may be missing. */
export function depsOf(written: readonly Written[], unread: boolean, site: Site): Reads {
  const deps: DraftDep[] = [];
  const byName = new Map<string, string | undefined>();
  let complete = !unread;
  for (const each of written) {
    const dep = depOf(each, site);
    const name = each.name ?? dep?.name;
    if (name === undefined) complete = false;
    else if (name === NO_NAME) site.diagnostics.add(noName('dep'), each.path.node.span);
    else if (byName.has(name)) {
      const message = `the dep "${name}" is listed twice`;
      site.diagnostics.add(
        { code: 'duplicate-name', message, hint: 'remove one of them' },
        each.path.node.span,
      );
    } else byName.set(name, dep?.path);
    if (dep) deps.push(dep);
  }
  return { deps, paths: { byName, complete } };
}

function depOf(written: Written, site: Site): DraftDep | undefined {
  const { name, path } = written;
  const slash = slashMistake(path, true);
  if (slash !== undefined) {
    site.diagnostics.add(slash, path.node.span);
    return undefined;
  }
  const exclude = written.exclude.flatMap((each) => excludedBy(each, site) ?? []);
  const text = patternOf(path, site);
  if (text === undefined) return undefined;
  const found = depPath(text);
  if ('path' in found)
    return {
      name: name ?? found.path,
      ...found,
      ...(exclude.length > 0 && { exclude }),
      written,
    };
  site.diagnostics.add(found.mistake, path.node.span);
  return undefined;
}

function excludedBy(template: Template, site: Site): string | undefined {
  const text = patternOf(template, site);
  const mistake = text === undefined ? undefined : excludeMistake(text);
  if (mistake) site.diagnostics.add(mistake, template.node.span);
  return mistake ? undefined : text;
}

/** An axis value in a pattern is literal, including any wild cards. */
function patternOf(template: Template, site: Site): string | undefined {
  return fill(template, site, (value, placeholder) =>
    Object.hasOwn(site.scope.cell, placeholder.name) ? escapeGlob(value) : value,
  );
}
