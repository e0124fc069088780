import { z } from 'zod';

export const jobIdPattern = /^job_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A job's public id: `job_` and a UUIDv7, so that ids sort by the time they were made. */
export const jobIdSchema = z
  .string()
  .regex(jobIdPattern)
  .meta({
    id: 'JobId',
    description: 'Id of a job. Ids sort by the time they were made.',
    examples: ['job_01929d3e-8c00-7a31-9f5c-0242ac120002'],
  });
