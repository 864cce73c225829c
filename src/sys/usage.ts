/** CPU time and memory of an execution, as in records and events. */

export interface Usage {
  /** CPU time of all processes. */
  readonly cpuSeconds: number;
  /** The most bytes of memory that they used, as sampled; absent for a very short execution. */
  readonly peakMemory?: number;
}

/** Also true if nothing was measured. */
export function isUsage({ cpuSeconds, peakMemory }: Partial<Record<keyof Usage, unknown>>) {
  return [cpuSeconds, peakMemory].every((each) => each === undefined || Number.isFinite(each));
}

/** Only the usage fields. */
export function usageOf({ cpuSeconds, peakMemory }: Partial<Usage>): Partial<Usage> {
  return {
    ...(cpuSeconds !== undefined && { cpuSeconds }),
    ...(peakMemory !== undefined && { peakMemory }),
  };
}

/** Of two executions, one after the other. */
export function usageOfBoth(
  first: Usage | undefined,
  second: Usage | undefined,
): Usage | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const peaks = [first, second].flatMap(({ peakMemory }) => peakMemory ?? []);
  return {
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    ...(peaks.length > 0 && { peakMemory: Math.max(...peaks) }),
  };
}
