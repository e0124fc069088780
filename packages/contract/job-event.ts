import { z } from 'zod';

/**
 * `GET /v1/jobs/{id}/events` as server-sent events. `event: job` has the whole Job as `data`, and comes when something of it
 * has changed (a new `eta_seconds` alone is no change). `event: end` is the last one of a closed job; its `data` is `{"state": …}`.
 */
export type JobEventName = 'job' | 'end';

/** What a client shows of the last event that it saw, so that nothing is repeated that has not changed. */
export const lastEventIdSchema = z
  .string()
  .max(100)
  .optional()
  .meta({
    description: 'The `id` of the last event that was received.',
    examples: ['5b1f0c2e9d7a4b36'],
  });
