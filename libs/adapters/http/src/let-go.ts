/** Gives the memory of a whole buffer back at once: the collector comes late for it. It must not be on its way to a socket. */
export function letGo({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

/** Whether bytes have their buffer for themselves; small ones share it with others. */
export function isWhole({ buffer, byteLength }: Uint8Array): boolean {
  return buffer.byteLength === byteLength;
}
