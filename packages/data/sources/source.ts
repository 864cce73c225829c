/** The common result of all sources of images: files on disk, listed with their groups. */
import type { StageContext } from 'pipe-run/stage';

/** The description of the images in the report. */
export interface SourceInfo {
  readonly kind: string;
  /** A short name for people. */
  readonly label: string;
  /** True for rendered images. The report never presents their results as those of the paper. */
  readonly standIn: boolean;
  readonly licence?: string;
  /** How the images were made, or where they are from. */
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

/** What a source needs from its stage. */
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
