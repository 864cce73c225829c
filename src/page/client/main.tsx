/** Entry point of the page: shows the data in the file, or those of the server. */
import type { PageModel } from '../model.js';
import { App } from './app.js';
import { Live } from './live.js';
import './page.css';
import { render } from './view.js';

const place = document.getElementById('app') as HTMLElement;
const text = document.getElementById('data')?.textContent;
if (text) {
  const model = JSON.parse(text) as PageModel;
  render(<App data={{ model, active: new Map(), isLost: false, isLive: false }} />, place);
} else {
  render(<Live />, place);
}
