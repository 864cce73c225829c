/// <reference lib="dom" />

/**
 * Paper cannot be unfolded: everything is while it is printed, and is folded again after. Runs in the
 * browser; see ../script.ts.
 */
export function unfoldForPrint(): void {
  let unfolded: HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    unfolded = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
    for (const details of unfolded) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of unfolded) details.open = false;
  });
}
