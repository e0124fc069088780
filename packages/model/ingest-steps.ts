import {
  decideDownload,
  decideParsed,
  type DownloadAnswer,
  ingestTriesMax,
  parserDeathsMax,
} from '@rollcall/domain';
import {
  claimIngest,
  countParseStart,
  endParse,
  expireIngest,
  type FileClaim,
  leaveIngest,
  publishResults,
  recordArtifact,
} from './ingest-verbs.ts';
import { evidence } from './provider-values.ts';
import type { Draft, Step, Take } from './steps.ts';
import { numbersInChunk, type Rules } from './store.ts';
import type { World } from './world.ts';

/** The ingest stage as a worker takes it. */

export function ingestSteps(world: World, index: 0 | 1, rules: Rules, take: Take): Step[] {
  const worker = world.workers[index];
  switch (worker.at) {
    case 'idle':
      if (world.store.chunk.state !== 'result_ready') return [];
      return [
        take('claims the result', (next) => {
          const claim = claimIngest(next.store, 'past');
          if (claim) next.workers[index] = { at: 'fetching', claim };
        }),
      ];
    case 'fetching':
      return fetches(world, index, worker.claim, rules, take);
    case 'giving_back':
      return [
        take('gives the result back', (next) => {
          const { claim } = worker;
          const over = claim.tries + 1 >= ingestTriesMax;
          const leaving = over
            ? ({ kind: 'hold', reason: 'artifact' } as const)
            : ({ kind: 'retry', due: 'past' } as const);
          leaveIngest(next.store, rules, claim, null, leaving);
          next.workers[index] = { at: 'idle' };
        }),
      ];
    case 'archived':
      return [
        take('begins to parse', (next) => {
          const stands = countParseStart(next.store, rules, worker.claim, worker.artifact);
          next.workers[index] = stands ? { ...worker, at: 'parsing' } : { at: 'idle' };
        }),
      ];
    case 'parsing': {
      const parses = (readable: boolean) => (next: Draft) => {
        const stands = endParse(next.store, rules, worker.claim, worker.artifact);
        next.workers[index] = stands ? { ...worker, at: 'parsed', readable } : { at: 'idle' };
      };
      return [
        take('parses the file', parses(true)),
        ...take.fault('finds the file unreadable', parses(false)),
      ];
    }
    case 'parsed': {
      const { claim, artifact, readable } = worker;
      const ends = (next: Draft) => {
        next.workers[index] = { at: 'idle' };
        if (isDoubted(world, artifact, readable)) {
          leaveIngest(next.store, rules, claim, artifact, { kind: 'hold', reason: 'artifact' });
        } else {
          publishResults(next.store, rules, claim, artifact);
        }
      };
      return [
        take('stores what it parsed', ends),
        ...take.fault('stores what it parsed, and does not hear of its COMMIT', (next) => {
          ends(next);
          next.workers[index] = { at: 'giving_back', claim };
        }),
      ];
    }
    default:
      return [];
  }
}

const troubles: readonly DownloadAnswer[] = [
  { kind: 'expired', evidence },
  { kind: 'too_large', limit_bytes: 1, evidence },
  { kind: 'failed', failure: 'cut', retryAfter_ms: null, evidence },
];

function fetches(world: World, index: 0 | 1, claim: FileClaim, rules: Rules, take: Take): Step[] {
  const { artifact } = claim;
  if (artifact !== null) {
    const deaths = world.store.artifacts[artifact]?.parseStarts ?? 0;
    if (deaths < parserDeathsMax) {
      return [
        take('takes the file from the archive', (next) => {
          next.workers[index] = { at: 'archived', claim, artifact };
        }),
      ];
    }
    return [
      take('holds a file that kills its parsers', (next) => {
        leaveIngest(next.store, rules, claim, artifact, { kind: 'hold', reason: 'artifact' });
        next.workers[index] = { at: 'idle' };
      }),
    ];
  }
  const task = world.store.attempts[claim.attempt]?.task ?? '';
  return [
    take('archives the file', (next) => {
      const recorded = recordArtifact(next.store, rules, claim, task);
      next.workers[index] =
        recorded === null ? { at: 'idle' } : { at: 'archived', claim, artifact: recorded };
    }),
    ...take.fault('cannot archive: the disk is full', (next) => {
      leaveIngest(next.store, rules, claim, null, { kind: 'wait', due: 'past' });
      next.workers[index] = { at: 'idle' };
    }),
    ...troubles.flatMap((answer) =>
      take.fault(`cannot download: ${answer.kind}`, (next) => {
        const decision = decideDownload(answer, {
          now_ms: 0,
          random: 0.5,
          tries: claim.tries,
          locatorRefreshes: claim.locatorRefreshes,
        });
        next.workers[index] = { at: 'idle' };
        if (decision.kind === 'parse') throw new Error('there is nothing to parse');
        const leaving =
          decision.kind === 'hold' ? decision : { kind: decision.kind, due: 'past' as const };
        leaveIngest(next.store, rules, claim, null, leaving);
      }),
    ),
  ];
}

/** Whether the file is held: it cannot be read, or is not this chunk's. */
function isDoubted({ store }: World, artifact: number, readable: boolean): boolean {
  const own = store.artifacts[artifact]?.task !== 'other';
  const decision = decideParsed({
    read: readable ? { kind: 'read' } : { kind: 'unreadable', code: 'html' },
    unreadableRows: 0,
    endsOpen: false,
    counts: {
      rows: numbersInChunk,
      matched: own ? numbersInChunk : 0,
      missing: own ? 0 : numbersInChunk,
      foreign: own ? 0 : numbersInChunk,
      doubled: 0,
      contradictory: 0,
    },
    semantics: 'table',
    semanticsConfirmed: true,
    numbers: numbersInChunk,
    missingBefore: 0,
    total: numbersInChunk,
    filtered: null,
  });
  return decision.kind === 'hold';
}

export function expireIngestSteps({ store }: World, { protections }: Rules, take: Take): Step[] {
  if (store.chunk.state !== 'ingesting' || !protections.sweepOfIngests) return [];
  return [take('ends an ingest’s claim', (next) => void expireIngest(next.store))];
}
