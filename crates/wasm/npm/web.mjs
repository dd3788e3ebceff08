// The package in browsers: the module is fetched by init(), or by the first audit.

import { api } from './api.mjs';
import { loaded } from './loaded.mjs';

export const { init, verifyChainIntegrity, verifyBlockchain, hashEntry, Verifier } = api(undefined, loaded);
export { CountersignError } from './errors.mjs';
