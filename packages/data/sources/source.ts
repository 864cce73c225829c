/** What every source of images gives: files on disk, listed with their groups. */
import type { StageContext } from 'pipe-run/stage';

/** What the images are, as the report tells it. */
export interface SourceInfo {
  readonly kind: string;
  /** A short name for people. */
  readonly label: string;
  /** True for rendered images: results on them are never shown as the paper's. */
  readonly standIn: boolean;
  readonly licence?: string;
  /** How the images came to be, or where they are from. */
  readonly origin?: string;
}

export interface RawImage {
  /** Relative to the folder of the index, with slashes. */
  readonly file: string;
  /** The unit that may not be on both sides of a split: a person, an animal, a region of a photograph. */
  readonly group: string;
  /** The side that the source itself assigns; absent where the split is free. */
  readonly part?: 'train' | 'test';
}

/** `index.json` of raw images. */
export interface RawIndex {
  readonly source: SourceInfo;
  /** Sorted by file. */
  readonly images: readonly RawImage[];
}

/** What a source needs of its stage. */
export interface SourceContext {
  /** An empty folder: images go under it, at the paths the index gives. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly progress: StageContext['progress'];
}

/** Sorts by code units: the same in every locale. */
export function sortImages(images: readonly RawImage[]): RawImage[] {
  return [...images].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}
