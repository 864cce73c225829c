/** The result of one check of `pipe doctor`. */
export interface Finding {
  readonly good: boolean;
  readonly text: string;
  /** Remarks that are not errors. */
  readonly notes?: readonly string[];
}
