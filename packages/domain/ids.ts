/**
 * Ids: a prefix that says what is named, and a UUIDv7 (RFC 9562 §5.7), so that ids sort by the time they were made.
 * They are stored as they are shown, so that an id copied from a log or a page works in SQL; tables with a row per
 * phone number use the narrow `job_no` and `chunk_no` instead.
 */

export const idPrefixes = {
  job: 'job',
  chunk: 'chk',
  attempt: 'att',
  artifact: 'art',
  approval: 'apr',
  apiKey: 'key',
  replay: 'rpl',
  erasure: 'ers',
} as const;

export type IdKind = keyof typeof idPrefixes;
export type Id<Kind extends IdKind> = `${(typeof idPrefixes)[Kind]}_${string}` & {
  readonly __id: Kind;
};
export type JobId = Id<'job'>;
export type ChunkId = Id<'chunk'>;
export type AttemptId = Id<'attempt'>;
export type ArtifactId = Id<'artifact'>;
export type ApprovalId = Id<'approval'>;
export type ReplayId = Id<'replay'>;
export type ErasureId = Id<'erasure'>;

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Makes an id from a time (Unix ms) and 10 random bytes; both are arguments because this package has neither. */
export function makeId<Kind extends IdKind>(
  kind: Kind,
  now_ms: number,
  random: Uint8Array,
): Id<Kind> {
  if (random.length < 10) throw new RangeError('makeId needs 10 random bytes');
  const time = now_ms.toString(16).padStart(12, '0').slice(-12);
  const byte = (index: number) => (random[index] ?? 0).toString(16).padStart(2, '0');
  const randA = `7${byte(0)}${((random[1] ?? 0) & 0x0f).toString(16)}`;
  const variant = (((random[2] ?? 0) & 0x3f) | 0x80).toString(16).padStart(2, '0');
  const tail = [4, 5, 6, 7, 8, 9].map(byte).join('');
  const uuid = `${time.slice(0, 8)}-${time.slice(8)}-${randA}-${variant}${byte(3)}-${tail}`;
  return `${idPrefixes[kind]}_${uuid}` as Id<Kind>;
}

/** Parses a public id that came from outside; `null` when it is not one of this kind. */
export function parseId<Kind extends IdKind>(kind: Kind, text: string): Id<Kind> | null {
  const prefix = `${idPrefixes[kind]}_`;
  if (!text.startsWith(prefix)) return null;
  return uuidShape.test(text.slice(prefix.length)) ? (text as Id<Kind>) : null;
}
