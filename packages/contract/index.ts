export {
  type CreateJobOptions,
  createJobBodySchema,
  createJobFieldsSchema,
  createJobFormSchema,
  createJobOptionsSchema,
  idempotencyKeySchema,
} from './create-job.ts';
export { liveSchema, type Ready, readySchema } from './health.ts';
export { type Job, jobPageSchema, jobQuerySchema, jobSchema, type JobSummary } from './job.ts';
export { jobIdSchema } from './job-id.ts';
export { type Problem, problemSchema } from './problem.ts';
export { rejectPageSchema, rejectQuerySchema } from './reject.ts';
export { type Result, resultPageSchema, resultQuerySchema } from './result.ts';
