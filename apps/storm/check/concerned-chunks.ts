import type { Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

const chunksMax = 8;

/** The chunks whose timelines explain violations: those that are named, and of a job that is named all, the ones that are not done first. */
export function concernedChunks(
  violations: readonly Violation[],
  { chunks }: Pick<Facts, 'chunks'>,
): readonly string[] {
  const named = violations.flatMap(({ chunkId }) => chunkId ?? []);
  const jobs = new Set(violations.flatMap(({ jobId }) => jobId ?? []));
  const ofJobs = chunks
    .filter(({ job_id }) => jobs.has(job_id))
    .sort((one, other) => Number(one.state === 'done') - Number(other.state === 'done'));
  return [...new Set([...named, ...ofJobs.map(({ id }) => id)])].slice(0, chunksMax);
}
