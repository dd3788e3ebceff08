// The package in Node: the module is loaded by importing it.

import bindings from './nodejs/countersign.js';

import { api } from './api.mjs';

export const { init, verifyChainIntegrity, verifyBlockchain, hashEntry, Verifier } = api(bindings);
export { CountersignError } from './errors.mjs';
