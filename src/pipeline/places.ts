/** Where the parts of a plan are written. A plan carries no places: who has a mistake to show reads the file again. */
import type { Place } from '../error.js';
import { partAt, spanAt } from './document/located.js';
import { lineOf, placeOf, type Source, type Span } from './document/source.js';
import { type UnseenLine, unseenLine } from './items/shell-lines.js';
import { draftPipeline, type LoadOptions } from './load.js';
import type { Resources } from './plan.js';

/** Undefined for what is not in the file any more. */
export interface Places {
  dep(item: string, name: string): Place | undefined;
  out(item: string, name: string): Place | undefined;
  resource(item: string, name: keyof Resources): Place | undefined;
  /** The first line of a stage's command whose failure nobody would see, as it is written. */
  unseenLine(stage: string): { readonly place: Place; readonly text: string } | undefined;
}

export function placesOf(options: LoadOptions): Places {
  const { problems, root, drafts } = draftPipeline(options);
  const draftOf = (item: string) => drafts.find((draft) => draft.item.id === item);
  return {
    dep(item, name) {
      const dep = draftOf(item)?.deps.find((each) => each.name === name);
      return dep && placeOf(problems.source, dep.written.path.node.span);
    },
    out(item, name) {
      const draft = draftOf(item);
      const written = draft?.outs[draft.item.outs.findIndex((each) => each.name === name)];
      return written && placeOf(problems.source, written.path.node.span);
    },
    resource(item, name) {
      const stage = draftOf(item)?.item.stage;
      if (stage === undefined) return undefined;
      return placeOf(problems.source, spanAt(root, ['stages', stage, 'resources', name]));
    },
    unseenLine(stage) {
      const { value, span } = partAt(root, ['stages', stage, 'cmd']);
      const unseen = typeof value === 'string' ? unseenLine(value) : undefined;
      if (unseen === undefined) return undefined;
      const { source } = problems;
      return { place: placeOf(source, lineOfBlock(source, span, unseen)), text: unseen.text };
    },
  };
}

/** Of a block (`|`) each line stands on one of its own; of any other text the place is its beginning. */
function lineOfBlock(source: Source, span: Span, { line, text }: UnseenLine): Span {
  const start = source.lines[lineOf(source, span.start) + line];
  if (source.text[span.start] !== '|' || start === undefined) return span;
  const [first = ''] = text.split('\n');
  const at = source.text.indexOf(first, start);
  return at < 0 || at >= span.end ? span : { start: at, end: at + first.length };
}
