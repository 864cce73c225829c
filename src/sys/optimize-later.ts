/** Tells V8 to optimize code later, if there are many items. */

/** V8's default in Node 20. */
const BUDGET = 67_584;

/** Long loops are optimized some milliseconds later. */
const TIMES = 10;

/**
 * Node 20 optimizes a function after it has executed a few times 66 KB of bytecode. With 1,000 items, a tenth of
 * all CPU time goes into optimizing what each item executes once, and the memory that this takes makes every
 * fork slower. Later versions have a quick compiler in between, and count calls.
 */
export function optimizeLater(): void {
  if (!process.versions.node.startsWith('20.')) return;
  // Lazy: it takes a millisecond to load.
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  const setBudget = (bytes: number) => setFlagsFromString(`--interrupt-budget=${bytes}`);
  setBudget(TIMES * BUDGET);
  // V8 rejects a code cache that was made with other flags, and bin/pipe.cjs may make one at the end.
  process.prependOnceListener('exit', () => setBudget(BUDGET));
}
