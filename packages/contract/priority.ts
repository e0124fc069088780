import { z } from 'zod';

/** A job's priority, as a number. */
export const prioritySchema = z
  .int('write a whole number')
  .min(-100, 'write a whole number from -100 to 100')
  .max(100, 'write a whole number from -100 to 100');
