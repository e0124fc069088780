/** What a successful answer is, by the name of its body's schema, where the route says nothing more exact. */
export const answerDescriptions: Readonly<Record<string, string>> = {
  Account: 'The account as it is now.',
  AccountList: 'Every account that the accounts file names.',
  CancelledJob: 'The job, and what cancelling it ended and could not end.',
  CheckList: 'Every check, with the accounts that offer it.',
  ChunkPage: 'A page of chunks, and the cursor of the next one.',
  Erasure: 'The receipt as it is now: what was removed, and which files were written anew.',
  HoldPage: 'A page of held chunks, what all of them come to, and the cursor of the next page.',
  Job: 'The whole job as it is now.',
  JobPage: 'A page of jobs, the newest first, and the cursor of the next one.',
  AuditPage: 'A page of the audit trail, the newest row first, and the cursor of the next one.',
  KeyPage: 'A page of keys, the newest first, and the cursor of the next one.',
  Live: 'The process lives.',
  OwnKey:
    'The key that asks: its name, scopes and tenant, its limits, and what is left of them today.',
  Ready: 'Whether Postgres and the queue answer; 503 where one of them does not.',
  RejectPage: 'A page of rejected lines, in their order, and the cursor of the next one.',
  Replay: 'The replay as it is now, with its difference once it is done.',
  ReplayedRowPage:
    'A page of rows that differ, in order of number, and the cursor of the next one.',
  ReplayPage: 'A page of replays, the newest first, and the cursor of the next one.',
  ResolvedHolds:
    'What became of each hold that was looked at, what it comes to, and how many are left.',
  ResolvedHold: 'The chunk as it is now, and the decision that was kept.',
  ResultPage: 'A page of results, in order of number, and the cursor of the next one.',
  Summary: 'The days that were counted, their numbers by outcome, and each day by check.',
  SuppressionList: 'How many numbers the list has, why, and under which secrets.',
  SuppressionsAdded: 'How many of the numbers were new to the list.',
  SuppressionsRemoved: 'How many of the numbers were on the list.',
  WholeChunk: 'The chunk with its attempts, decisions and latest polls.',
  WholeHold: 'The hold with its evidence and what may be decided on it.',
};
