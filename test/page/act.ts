/** Acts on an open page of pipe, as a person does. */
import type { Page } from '../stages/support/browser.js';

/** Resolves when the page has been drawn again. */
export const SETTLED = 'new Promise((done) => requestAnimationFrame(() => setTimeout(done)))';

export async function act(page: Page, what: string): Promise<void> {
  await page.evaluate(what);
  await page.evaluate(SETTLED);
}

/** Types into a search field, counted from 0. */
export function search(page: Page, at: number, text: string): Promise<void> {
  return act(
    page,
    `{ const box = document.querySelectorAll('input[type=search]')[${at}]; box.value = ${JSON.stringify(text)}; box.dispatchEvent(new Event('input', { bubbles: true })); }`,
  );
}
