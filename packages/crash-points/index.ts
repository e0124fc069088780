export { armCrashPoint, type CrashPlan, crashPoint, readCrashPlan } from './crash-point.ts';
export {
  type CommitName,
  type CrashPlace,
  type CrashPoint,
  commitNames,
  commitNamesOf,
  crashPoints,
  placeOf,
} from './crash-points.ts';
