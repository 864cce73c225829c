/** The commands of a shell pipeline after a place in it. */
import { afterValue, readAll, type ShellState } from './shell-lexer.js';

/**
 * The commands that follow in the pipeline around a value, at this depth of the nested contexts.
 *
 * @param text the text after the value
 */
export function pipedTo(state: ShellState, text: string, depth: number): string[] {
  if (!/^(?:plain|group|inner)$/.test(state.stack[depth - 1]?.context ?? '')) return [];
  const pipes: { readonly at: number; readonly start: number }[] = [];
  let end = text.length;
  readAll(afterValue(state), text, (step) => {
    if (end < text.length || step.escaped || step.depth > depth) return;
    const [before, character = '', next] = [text[step.start - 1], text[step.start], text[step.end]];
    if (step.depth < depth || step.depthAfter < depth) end = step.start;
    else if (character === '|' && next !== '|' && before !== '|' && before !== '>')
      pipes.push({ at: step.start, start: next === '&' ? step.end + 1 : step.end });
    else if (/[;|\n]/.test(character) && before !== '>') end = step.start;
    else if (character === '&' && !/[<>|]/.test(before ?? '') && next !== '>') end = step.start;
  });
  return pipes.map(({ start }, index) => text.slice(start, pipes[index + 1]?.at ?? end));
}
