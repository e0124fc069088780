import { type ChunkLimits, chunkSizes, effectiveLimits, type LearnedLimits } from './chunking.ts';

/** How the plan stage cuts a job, the first time or anew after a provider refused a batch's size. */

export interface PlanFacts {
  /** Numbers of each contiguous area to cut: the whole job, or the runs of chunks that were never sent. */
  readonly areas: readonly number[];
  readonly limits: ChunkLimits;
  readonly learned: LearnedLimits | null;
  /** No chunk of the job has been accepted yet, and the account wants its first one to go alone. */
  readonly withCanary: boolean;
  /** How often the job was cut anew before, since a provider refused a batch's size; what else had it cut anew does not count. */
  readonly replans: number;
}

/** A provider that names no limit is met by doubling: 24 steps reach the largest job. Beyond that its refusals loop. */
export const replansMax = 30;

export interface AreaPlan {
  /**
   * `too_few`: no legal upload can be made of this area. `refused_too_often`: whatever its size, the provider refuses it. Its
   * numbers end as failed.
   */
  readonly sizes: readonly number[] | 'too_few' | 'refused_too_often';
}

export function decidePlan(facts: PlanFacts): readonly AreaPlan[] {
  const limits = effectiveLimits(facts.limits, facts.learned);
  return facts.areas.map((numbers, index) => ({
    sizes:
      facts.replans >= replansMax
        ? 'refused_too_often'
        : chunkSizes(numbers, limits, facts.withCanary && index === 0),
  }));
}
