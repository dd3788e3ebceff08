// Bytes, whatever they lie in.

/** Views and buffers as a Uint8Array over the same memory; `undefined` for all else. By what they are, not by class: they may come from another frame. */
export function bytesIn(value) {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return BUFFERS.has(Object.prototype.toString.call(value)) ? new Uint8Array(value) : undefined;
}

const BUFFERS = new Set(['[object ArrayBuffer]', '[object SharedArrayBuffer]']);

/** Bytes in pieces of at most a size. */
export function* pieces(bytes, size) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
