import { type ChunkLimits, chunkSizes, effectiveLimits, type LearnedLimits } from './chunking.ts';

/** How the plan stage cuts a job, the first time or anew after a provider refused a batch's size. */

export interface PlanFacts {
  /** Numbers of each contiguous area to cut: the whole job, or the runs of chunks that were never sent. */
  readonly areas: readonly number[];
  readonly limits: ChunkLimits;
  readonly learned: LearnedLimits | null;
  /** No chunk of the job has been accepted yet, and the account wants its first one to go alone. */
  readonly withCanary: boolean;
}

export interface AreaPlan {
  /** `too_few`: no legal upload can be made of this area; its numbers end as failed. */
  readonly sizes: readonly number[] | 'too_few';
}

export function decidePlan(facts: PlanFacts): readonly AreaPlan[] {
  const limits = effectiveLimits(facts.limits, facts.learned);
  return facts.areas.map((numbers, index) => ({
    sizes: chunkSizes(numbers, limits, facts.withCanary && index === 0),
  }));
}
