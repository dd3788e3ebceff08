/** What a bundler makes of the module that it imports: its address or its bytes. Either is for `init`. */
declare const source: string | Uint8Array;
export default source;
