/** Stage `train`, with the systems that the paper cites among the architectures. */
import './register.js';

export { default } from '../train.js';
