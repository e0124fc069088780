export { armCrashPoint, type CrashPlan, crashPoint, readCrashPlan } from './crash-point.ts';
export { type CommitName, type CrashPoint, commitNames, crashPoints } from './crash-points.ts';
