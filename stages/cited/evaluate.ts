/** Stage `evaluate`, with the systems that the paper cites among the architectures. */
import './register.js';

export { default } from '../evaluate.js';
