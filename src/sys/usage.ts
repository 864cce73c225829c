/** What the processes of an execution used, as records and events have it. */

export interface Usage {
  /** CPU time of all processes. */
  readonly cpuSeconds: number;
  /** Bytes of memory that they held at most, as sampled; absent for a very short execution. */
  readonly peakMemory?: number;
}

/** Also true where nothing was measured. */
export function isUsage({ cpuSeconds, peakMemory }: Partial<Record<keyof Usage, unknown>>) {
  return [cpuSeconds, peakMemory].every((each) => each === undefined || Number.isFinite(each));
}

/** The usage alone. */
export function usageOf({ cpuSeconds, peakMemory }: Partial<Usage>): Partial<Usage> {
  return {
    ...(cpuSeconds !== undefined && { cpuSeconds }),
    ...(peakMemory !== undefined && { peakMemory }),
  };
}
