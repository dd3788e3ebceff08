// The package in browsers: the module is fetched by init(), or by the first audit.

import load, * as bindings from './web/countersign.js';

import { api } from './api.mjs';

export const { init, verifyChainIntegrity, verifyBlockchain, hashEntry, Verifier } = api(bindings, (source) =>
  load(source === undefined ? undefined : { module_or_path: source }),
);
export { CountersignError } from './errors.mjs';
