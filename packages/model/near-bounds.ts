import {
  freeTriesMax,
  ingestTriesMax,
  locatorRefreshesMax,
  missingPollsMax,
  upstreamFailuresMax,
} from '@rollcall/domain';
import type { Starts } from './store.ts';

/** Counters that begin so near to their bounds that a walk comes both to one more try and past the last. */
export const nearBounds: Starts = {
  freeTries: freeTriesMax - 2,
  missingPolls: missingPollsMax - 2,
  upstreamFailures: upstreamFailuresMax - 2,
  locatorRefreshes: locatorRefreshesMax - 1,
  ingestTries: ingestTriesMax - 2,
};
