/** How an error is displayed. */
import { describe, expect, it } from 'vitest';
import { diagnosticsOf, type Place, renderDiagnostic } from '../src/error.js';

function shown(text: string, column: number, length: number): string[] {
  const place: Place = { file: 'pipeline.yaml', line: 1, column, length, text };
  return renderDiagnostic({ code: 'some-code', message: 'it is so', place }).split('\n');
}

/** The text above the marks. */
function marked([, line = '', marks = '']: readonly string[]): string {
  return line.slice(marks.indexOf('~'), marks.lastIndexOf('~') + 1);
}

describe('a mistake in a line', () => {
  it('is underlined in the whole line if that has a usual length', () => {
    expect(shown('stages: { a: {} }', 11, 1)).toEqual([
      'pipeline.yaml:1:11: error: it is so (some-code)',
      '    stages: { a: {} }',
      '              ~',
    ]);
    expect(shown('x'.repeat(200), 3, 1)[1]).toBe(`    ${'x'.repeat(200)}`);
  });

  it.each([
    ['at the beginning', 1],
    ['near the beginning', 40],
    ['in the middle', 2_000_000],
    ['near the end', 3_999_950],
    ['at the end', 4_000_000 - 3],
  ])('is underlined in a part of a very long line, %s', (_, at) => {
    const text = `${'x'.repeat(at - 1)}WORD${'x'.repeat(4_000_000 - at - 3)}`;
    const lines = shown(text, at, 4);
    expect(lines[0]).toContain(`pipeline.yaml:1:${at}:`);
    expect(lines[1]?.length).toBeLessThan(210);
    expect(marked(lines)).toBe('WORD');
  });

  it('is underlined only in the visible part, and splits no character', () => {
    const lines = shown('😀'.repeat(500), 101, 800);
    expect(marked(lines)).toMatch(/^(😀)+\??$/u);
    expect(Buffer.from(lines.join('\n')).toString()).toBe(lines.join('\n'));
  });
});

it('shows a mistake once for all items that have it at one place', () => {
  const place = { file: 'pipeline.yaml', line: 2, column: 1, length: 1, text: 'x' };
  const mistake = { code: 'c', text: ' needs more', place, hint: 'h' };
  const found = [
    { ...mistake, item: 'a@1' },
    { ...mistake, item: 'b', place: { ...place, line: 3 } },
    { ...mistake, item: 'a@2' },
    { ...mistake, item: 'a@3', text: ' needs less' },
    { ...mistake, item: 'a@4' },
  ];
  const shared = { code: 'c', place, hint: 'h' };
  expect(diagnosticsOf(found)).toEqual([
    { ...shared, message: 'a@1 needs more; the same is true of 2 more items' },
    { ...shared, message: 'b needs more', place: { ...place, line: 3 } },
    { ...shared, message: 'a@3 needs less' },
  ]);
});
