/** Leaves out the first bytes of a text: its byte-order mark. */
export async function* skipBytes(
  pieces: AsyncIterable<Buffer>,
  skipped_bytes: number,
): AsyncGenerator<Buffer, void> {
  let due = skipped_bytes;
  for await (const piece of pieces) {
    const taken = Math.min(due, piece.length);
    due -= taken;
    if (taken < piece.length) yield taken === 0 ? piece : piece.subarray(taken);
  }
}
