// New bindings over a module that is fetched or given.

import bindings from './web/countersign.js';

/** Of this source, or of the module beside the bindings. */
export async function loaded(source) {
  const fresh = bindings();
  await fresh.load(source === undefined ? undefined : { module_or_path: source });
  return fresh;
}
