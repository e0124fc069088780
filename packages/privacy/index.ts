export { DigestSet, type PackedDigests } from './digest-set.ts';
export { start_bytes } from './digest-start.ts';
export {
  type NumberDigest,
  type NumberDigests,
  numberDigests,
} from './number-digests.ts';
export { blankCell } from './blank-cell.ts';
export { blankFile } from './blank-file.ts';
export { spellingsOfNumber } from './number-blanker.ts';
