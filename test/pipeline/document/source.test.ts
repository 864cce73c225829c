/** Reading pipeline.yaml from a project. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BYTES, readPipeline } from '../../../src/pipeline/document/read-text.js';
import { createSource, lineOf, placeOf } from '../../../src/pipeline/document/source-text.js';
import { mistakesIn } from '../rig.js';

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'pipe-source-'));
});
afterEach(() => rmSync(project, { recursive: true }));

const file = () => join(project, 'pipeline.yaml');

describe('readPipeline', () => {
  it('reads UTF-8', () => {
    writeFileSync(file(), 'a: é日\n');
    expect(readPipeline(project)).toBe('a: é日\n');
  });

  it('reports a missing file', () => {
    expect(mistakesIn(() => readPipeline(project))).toContain('(no-pipeline)');
    expect(mistakesIn(() => readPipeline(join(project, 'nowhere')))).toContain('(no-pipeline)');
  });

  it('reports a folder', () => {
    mkdirSync(file());
    expect(mistakesIn(() => readPipeline(project))).toBe(
      'error: pipeline.yaml is a folder, not a file (unreadable)',
    );
  });

  it('reports invalid UTF-8', () => {
    writeFileSync(file(), Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]));
    expect(mistakesIn(() => readPipeline(project))).toBe(
      'error: pipeline.yaml is not UTF-8 text (not-utf8)\n  save it as UTF-8',
    );
  });

  it('refuses a file beyond the limit without reading it', () => {
    writeFileSync(file(), Buffer.alloc(MAX_BYTES + 1));
    expect(mistakesIn(() => readPipeline(project))).toContain('(too-large)');
  });
});

describe('a place', () => {
  const source = createSource('pipeline.yaml', 'ab\ncdef\r\n\n\tgh');

  it('knows its line, from the first character to after the last', () => {
    expect([0, 2, 3, 8, 9, 10, 13].map((offset) => lineOf(source, offset))).toEqual([
      1, 1, 2, 2, 3, 4, 4,
    ]);
  });

  it('underlines only its line, and at least one character', () => {
    expect(placeOf(source, { start: 4, end: 13 })).toEqual({
      file: 'pipeline.yaml',
      line: 2,
      column: 2,
      length: 3,
      text: 'cdef',
    });
    expect(placeOf(source, { start: 9, end: 9 })).toMatchObject({ line: 3, column: 1, length: 1 });
    expect(placeOf(source, { start: 11, end: 13 })).toMatchObject({
      line: 4,
      column: 2,
      length: 2,
    });
  });
});
