/** Archives behind HTTP. By path and not by name of the package, so that a bundler without packages finds it. */
export { type HttpSource, takeHttp } from '../../../packages/data/sources/http.js';
