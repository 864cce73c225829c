/** Names the architectures of the cited systems. */
import { addArchitecture } from '../lib/nn/create.js';
import { CONTEXT } from './context.js';
import { CONTEXTUAL } from './contextual.js';
import { EDGE } from './edge.js';
import '@pipe-experiment/kernels/dilation-gradients.js';
import { SEARCH } from './search.js';

addArchitecture('contextual', CONTEXTUAL);
addArchitecture('edge', EDGE);
addArchitecture('context', CONTEXT);
addArchitecture('search', SEARCH);
