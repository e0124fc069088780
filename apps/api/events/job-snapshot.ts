import { createHash } from 'node:crypto';
import type { Job, JobEventName } from '@rollcall/contract';
import { finalJobStates } from '@rollcall/domain';

/** A job as its listeners are shown it, written once for all of them. */
export interface JobSnapshot {
  /** The same for the same job, in every process and after every restart: that is what makes a stream resumable. */
  readonly id: string;
  /** `event: job`. */
  readonly event: string;
  /** What follows it where the job is closed; null while it is open. */
  readonly end: { readonly id: string; readonly event: string } | null;
}

/** `eta_seconds` is left out of what tells one snapshot from the next: it moves by itself, every second. */
export function snapshotOf(job: Job): JobSnapshot {
  const { eta_seconds: _, ...facts } = job;
  const id = createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 22);
  const isClosed = finalJobStates.some((final) => final === job.state);
  return {
    id,
    event: eventText('job', id, job),
    end: isClosed
      ? { id: `${id}.end`, event: eventText('end', `${id}.end`, { state: job.state }) }
      : null,
  };
}

/** One event of `text/event-stream` (WHATWG HTML, "Server-sent events"); JSON has no line breaks. */
function eventText(name: JobEventName, id: string, data: object): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
