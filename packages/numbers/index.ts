export { compileNormaliser } from './compile-normaliser.ts';
export { isKnownRegion } from './numbering-plan.ts';
export type { Reject } from './reject.ts';
export type { RejectReason } from './reject-reason.ts';
export { rejectReasons } from './reject-reason.ts';
