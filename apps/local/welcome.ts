import type { Installation } from './start-installation.ts';

/** What a person needs who has just started it: where things are, the key, and lines to paste. */
export function welcome(installation: Installation, folder: string): string {
  const { apiUrl, apiKey, databaseUrl, databaseUrlFile, queue, simulator } = installation;
  return `
Rollcall is up; Ctrl-C stops it, in the background: kill ${process.pid}

  API        ${apiUrl}/v1/jobs
  reference  ${apiUrl}/docs
  dashboard  ${apiUrl}/admin/queues  (sign in with the API key)
  providers  ${simulator === null ? 'those of your accounts file: jobs cost money' : `simulated; what they charged: ${simulator.url}/_sim/ledger`}
  SQL        psql "$ROLLCALL_SQL" or any client; its role reads the views and changes nothing of Rollcall
  queue      on ${queue}
  data       ${folder}  (logs in ${folder}/logs)

A fresh API key, which may do everything and is shown this once; those of earlier starts are revoked. The URL for SQL stays the same:

  export ROLLCALL_URL=${apiUrl} ROLLCALL_KEY=${apiKey}
  export DATABASE_URL="$(cat '${databaseUrlFile}')"  # of the owner: for key, verify-audit, migrate, pg_dump
  export ROLLCALL_SQL='${databaseUrl}'${simulator === null ? '' : `\n  export ROLLCALL_SIMULATOR=${simulator.url}`}

Enqueue a job, look at it, read its results, which are there some seconds later, when its state is completed:

  JOB=$(curl -sS $ROLLCALL_URL/v1/jobs -H "Authorization: Bearer $ROLLCALL_KEY" -H 'Content-Type: application/json' \\
    -d '{"check":"telegram","purpose":"a first try","requested_by":"me","numbers":["+447911123456","+4915112345678","+12133734253"]}' \\
    | grep -o 'job_[0-9a-f-]*' | head -n 1); echo $JOB
  curl -sS $ROLLCALL_URL/v1/jobs/$JOB -H "Authorization: Bearer $ROLLCALL_KEY"
  curl -sS $ROLLCALL_URL/v1/jobs/$JOB/results -H "Authorization: Bearer $ROLLCALL_KEY"

`;
}
