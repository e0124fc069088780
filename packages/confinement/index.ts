export { type ConfinedEnd, type ConfinedUsage, confine } from './confine.ts';
export type { RestLimits } from './conversation.ts';
export { type ConfinementLimits, processorTimeFor_ms } from './limits.ts';
export { prepareProgram } from './program-snapshot.ts';
export { programSources } from './program-sources.ts';
