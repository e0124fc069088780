import { z } from 'zod';

/** What may be set at start and changed while the simulator runs. */
export const settingsSchema = z.strictObject({
  /** Processing time of a task: base + per number × numbers. Both 0: a task is ready at the first status call. */
  processing_ms_base: z.number().nonnegative().default(0),
  processing_ms_per_number: z.number().nonnegative().default(0),
  /** How long a task stays `completed` (simple-tasks) before it is `exported`. It is shown at least once even at 0. */
  export_ms: z.number().nonnegative().default(0),
  /** Lifetime of a presigned result URL. S3 allows at most 7 days. */
  result_url_expires_seconds: z.int().min(1).max(604_800).default(3_600),
  /** Scheme, host and port of result URLs where they are reached by another way than the simulator's own port, e.g. through a proxy. */
  result_origin: z.url({ protocol: /^https?$/ }).optional(),
});
export type Settings = z.infer<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
