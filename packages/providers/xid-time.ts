const alphabet = '0123456789abcdefghijklmnopqrstuv';
/** Ids from before the vendors' services existed are no xids, however much they look like one. */
const earliest_ms = Date.UTC(2015, 0, 1);

/**
 * When a task was made, by its id, Unix ms: an rs/xid has 20 characters of base32hex, and its first 4 bytes are Unix seconds
 * (verified on both vendors' sample ids). Null for an id of any other shape: it says nothing.
 */
export function xidTime_ms(taskId: string): number | null {
  if (!/^[0-9a-v]{20}$/.test(taskId)) return null;
  let bits = 0;
  // 7 characters are 35 bits, of which the last 3 belong to what follows.
  for (const character of taskId.slice(0, 7)) bits = bits * 32 + alphabet.indexOf(character);
  const made_ms = Math.floor(bits / 8) * 1_000;
  return made_ms < earliest_ms ? null : made_ms;
}
