// The package for bundlers that import WebAssembly as a module.

import * as bindings from './bundler/countersign.js';

import { api } from './api.mjs';

export const { init, verifyChainIntegrity, verifyBlockchain, hashEntry, Verifier } = api(bindings);
export { CountersignError } from './errors.mjs';
