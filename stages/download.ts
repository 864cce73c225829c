/** Stage `download`: brings the images of one data set, from wherever its source says, with their groups. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '@pipe-experiment/data/json.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { takePath } from '@pipe-experiment/data/sources/path.js';
import type { RawIndex, SourceContext } from '@pipe-experiment/data/sources/source.js';
import { configureSharp } from '@pipe-experiment/images/decode.js';
import { renderAnimals } from '@pipe-experiment/renderings/animals.js';
import { renderFaces } from '@pipe-experiment/renderings/faces.js';
import { defineStage } from 'pipe-run/stage';
import { takeHttp } from './lib/sources/http.js';
import { parseSource, parseVary, type Source } from './lib/sources/parse.js';

interface Shape {
  params: { readonly sources: Readonly<Record<string, unknown>> };
  matrix: { readonly dataset: string };
  outs: { readonly raw: string };
}

export default defineStage<Shape>(async ({ params, matrix, outs, signal, progress }) => {
  const { dataset } = matrix;
  if (!Object.hasOwn(params.sources, dataset)) {
    throw mistake(`sources.${dataset}: the data set has no source`);
  }
  const [given, name] = [params.sources[dataset], `sources.${dataset}`];
  const source = parseSource(given, name);
  const vary = parseVary(given, `${name}.vary`);

  configureSharp();
  mkdirSync(outs.raw, { recursive: true });
  const index = await bring(source, { folder: outs.raw, signal, progress });

  writeJson(join(outs.raw, 'index.json'), { ...index, ...(vary && { vary }) });
  const groups = new Set(index.images.map(({ group }) => group)).size;
  console.log(`${index.source.label}: ${index.images.length} images in ${groups} groups`);
});

function bring(source: Source, context: SourceContext): Promise<RawIndex> {
  switch (source.kind) {
    case 'rendered-faces':
      return renderFaces(source, context);
    case 'rendered-animals':
      return renderAnimals(source, context);
    case 'path':
      return takePath(source, context);
    case 'http':
      return takeHttp(source, context);
    default:
      throw new TypeError(`unknown source: ${JSON.stringify(source satisfies never)}`);
  }
}
