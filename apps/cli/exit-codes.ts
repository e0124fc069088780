/** How the program ends. docs/command-line.md shows this table, and a test holds the two together. */
export const exitCodes = {
  done: {
    code: 0,
    means: 'done; with `--wait`: the job is completed, and every number has its answer',
  },
  failed: {
    code: 1,
    means:
      'the job failed or was cancelled on the way, a kept file could not be read again (`replay`), or this program could not do its own part (a full disk)',
  },
  usage: { code: 2, means: 'the command line, the key or the URL is wrong; no list was taken' },
  refused: { code: 3, means: 'the API refused it; the message says why and what to do' },
  unreachable: {
    code: 4,
    means: 'the API cannot be reached or is out of order; what was tried again is said',
  },
  withErrors: {
    code: 5,
    means: 'the job is completed, and some of its numbers have no answer (`failed`, `missing`)',
  },
  personNeeded: {
    code: 6,
    means: 'only held or blocked work remains: a person has to act, the message says how',
  },
  hungUp: { code: 129, means: 'ended by a closed terminal (SIGHUP); a job runs on' },
  interrupted: { code: 130, means: 'ended by Ctrl-C (SIGINT); a job runs on' },
  readerGone: { code: 141, means: 'whoever read the output has gone (as `head` does)' },
  terminated: { code: 143, means: 'ended by SIGTERM; a job runs on' },
} as const;

export type Ending = keyof typeof exitCodes;
