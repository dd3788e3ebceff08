// Starts the Web Worker. The build that the page belongs to is in the address, so that no cache can
// pair the page with the verifier of another build.
const crashed = (error) => postMessage(JSON.stringify({ Crashed: { message: String(error?.message ?? error) } }));
// A trap inside WebAssembly ends a promise, which the page would not hear of by itself.
addEventListener("unhandledrejection", (event) => crashed(event.reason));
importScripts("./audit.js" + location.search);
wasm_bindgen({ module_or_path: "./audit_bg.wasm" + location.search }).catch(crashed);
