import type { Bench } from './bench.ts';
import { fair } from './fair.ts';
import { ingest } from './ingest.ts';
import { intake } from './intake.ts';
import { normalise } from './normalise.ts';
import { parse } from './parse.ts';
import { pipeline } from './pipeline.ts';
import { poll } from './poll.ts';
import { read } from './read.ts';
import { scale } from './scale.ts';
import { steps } from './steps.ts';

/** In the order in which they run, which is that of docs/performance.md. */
export const benches: readonly Bench[] = [
  pipeline,
  intake,
  ingest,
  normalise,
  parse,
  steps,
  read,
  fair,
  scale,
  poll,
];
