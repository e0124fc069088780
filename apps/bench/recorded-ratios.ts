/**
 * Processor time of the product as multiples of the floor's, both small and in the same run (guard.test.ts): what it was when somebody last looked, on two cores with a
 * load of 15. One run of each reader, two of a job (4.1 and 5.1). To be written anew, with the reason, where the product has become quicker, or dearer for a
 * reason.
 */
export const recordedRatios = {
  'csv-zip': 0.47,
  'txt-zip': 0.48,
  xlsx: 1.06,
  pipeline: 4.6,
} as const;
