import { analyseResults, sweepAlone } from '@rollcall/db';
import type { Counts, Equipment } from '../equipment.ts';

/** Keeps the planner's picture of the per-number tables true, so that people's SQL on the views is fast. */
export async function analyse(equipment: Equipment): Promise<Counts> {
  const analysed = await sweepAlone(equipment.db, 'analyse', analyseResults);
  return { analysed: analysed === true ? 1 : 0 };
}
