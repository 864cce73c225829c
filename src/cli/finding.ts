/** What a check of `pipe doctor` found. */
export interface Finding {
  readonly good: boolean;
  readonly text: string;
  /** Remarks that are not errors. */
  readonly notes?: readonly string[];
}
