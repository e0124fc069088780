/**
 * Every error that the API answers with, by its stable code. `advice` says what the caller does next; a more exact
 * `detail` may stand in its place. docs/errors.md shows this table, and a test holds the two together. Over 300 lines: it is one table,
 * a few lines for each code.
 */
export const errorCatalogue = {
  malformed_request: {
    status: 400,
    title: 'The request cannot be read',
    advice: 'Send valid HTTP, with a path and a body that are well-formed and whole.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid API key',
    advice: 'Send `Authorization: Bearer <key>` with a key that is neither expired nor revoked.',
  },
  cost_per_day_reached: {
    status: 402,
    title: 'The day’s money is used up',
    advice:
      'Wait for the next UTC day (`Retry-After`), send fewer numbers, or have the limit that `detail` names raised. Nothing was stored.',
  },
  scope_missing: {
    status: 403,
    title: 'The key may not do this',
    advice: 'Use a key that has the scope named in `detail`.',
  },
  not_account_operator: {
    status: 403,
    title: 'Another tenant operates the account',
    advice:
      'Ask whoever runs this installation: the accounts file says who operates it, and only they pause, resume and confirm it. Jobs of yours can be paused.',
  },
  forged_request: {
    status: 403,
    title: 'The form does not come from here',
    advice:
      'Open the sign-in page of this address in a browser that keeps its cookies, and send it from there.',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    advice: 'Check the path and the id. What belongs to another tenant is not there either.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The path does not take this method',
    advice: 'Use a method that the `Allow` header names.',
  },
  not_acceptable: {
    status: 406,
    title: 'This is an event stream',
    advice: 'Accept text/event-stream, or ask for the job itself.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    advice: 'Send it again over a faster line, or split the upload.',
  },
  upload_too_slow: {
    status: 408,
    title: 'The upload came too slowly',
    advice: 'Nothing was stored. Send it again over a faster line, or in one go.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The same Idempotency-Key is being stored',
    advice: 'Another request with this key is not finished. Send it again in a second.',
  },
  job_closed: {
    status: 409,
    title: 'The job is closed',
    advice: 'Closed jobs do not change. Retry what failed or is missing, or make another job.',
  },
  job_not_pausable: {
    status: 409,
    title: 'The job can be neither paused nor resumed now',
    advice: 'Wait until it is planned, and send it again. A job that is being cancelled stays so.',
  },
  job_not_closed: {
    status: 409,
    title: 'The job is not closed yet',
    advice: 'Wait until every number has its result.',
  },
  no_upload: {
    status: 409,
    title: 'The job has no upload',
    advice: 'Export its results, or the job that it retries.',
  },
  retry_stands_under_first_job: {
    status: 409,
    title: 'The job is a retry',
    advice:
      'Ask the job that it began with (follow `retry_of`) for latest=true: answers of all its retries stand there.',
  },
  retry_running: {
    status: 409,
    title: 'A retry of these numbers is open',
    advice: 'Wait until it is closed: what it answers needs no other retry.',
  },
  not_held: {
    status: 409,
    title: 'The chunk is not held',
    advice:
      'Nothing is left to decide: look at the chunk, somebody else may have decided, or its answer came late.',
  },
  decision_not_allowed: {
    status: 409,
    title: 'This decision does not fit the hold',
    advice: 'Use one of the decisions that `detail` names.',
  },
  expected_count_differs: {
    status: 409,
    title: 'The filter names another number of holds',
    advice: 'Look at what it names now, with `dry_run`, and send the count that is right.',
  },
  task_in_use: {
    status: 409,
    title: 'The task is not of this upload',
    advice: 'Ask the provider’s support for the id again: one task answers for one upload.',
  },
  chunk_without_result: {
    status: 409,
    title: 'The chunk has no result file',
    advice: 'Only a file that came and was kept can be read again: look at the state of the chunk.',
  },
  artifact_gone: {
    status: 409,
    title: 'The result file is kept no longer',
    advice: 'Its rows stay as they are. Asking its numbers again is a new job.',
  },
  chunk_not_replayable: {
    status: 409,
    title: 'The chunk cannot be read again like this now',
    advice:
      'Rows of a chunk that is done can be replaced, and one that is held for its file can go on. Any other is compared only (`apply` false), once nobody works on it.',
  },
  replay_running: {
    status: 409,
    title: 'Another replay of the chunk is open',
    advice: 'Wait until it is done or has failed, and ask again.',
  },
  account_not_known: {
    status: 409,
    title: 'No worker has read this account yet',
    advice: 'Start a worker with the same accounts file, then try again.',
  },
  account_withdrawn: {
    status: 409,
    title: 'The account is for other tenants now',
    advice:
      'Nothing more is sent by it for you: have the accounts file give it back, adopt or give up what is held, or retry the job by another account.',
  },
  key_ended: {
    status: 409,
    title: 'The key is expired or revoked',
    advice: 'A key that opens nothing has nothing to hand on: make a new one.',
  },
  key_in_use: {
    status: 409,
    title: 'The key that was made before is in use',
    advice:
      'A key is told once. Use the one that `detail` names, rotate it, or make another under a new Idempotency-Key.',
  },
  last_admin_key: {
    status: 409,
    title: 'No other admin key lives as long',
    advice: 'Make another key of scope admin first, or rotate this one with `overlap_s` 0.',
  },
  suppression_not_configured: {
    status: 409,
    title: 'There is no suppression list',
    advice:
      'It needs a secret that the database does not have: whoever runs Rollcall sets ROLLCALL_SUPPRESSION_SECRETS for the API and the workers.',
  },
  rows_dropped: {
    status: 410,
    title: 'The rows of this job are not kept any more',
    advice:
      'Its counts and its costs are: ask for the job itself. How long rows and files are kept is for whoever runs Rollcall to say.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    advice: 'Split the upload into smaller jobs.',
  },
  too_many_bytes: {
    status: 413,
    title: 'The upload has too many bytes',
    advice: 'Split it into smaller jobs. The limit counts the inflated bytes too.',
  },
  too_many_lines: {
    status: 413,
    title: 'The upload has too many lines',
    advice: 'Split it into smaller jobs.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not taken',
    advice:
      'Send application/json, multipart/form-data, or the file itself as text/csv, text/plain, text/tab-separated-values, application/gzip, application/octet-stream or the type of an xlsx.',
  },
  unsupported_format: {
    status: 415,
    title: 'The file is of a kind that is not read',
    advice:
      'Send txt, csv, tsv or a JSON array, in UTF-8 or Latin-1 (not UTF-16), plain or gzip; or an xlsx without macros or password.',
  },
  invalid_request: {
    status: 422,
    title: 'Some fields are wrong',
    advice: 'Correct what `errors` names.',
  },
  invalid_cursor: {
    status: 422,
    title: 'The cursor is none of ours',
    advice: 'Use `next_cursor` of the same list as it was given, or start again without a cursor.',
  },
  option_after_numbers: {
    status: 422,
    title: 'An option came after the numbers',
    advice:
      'Numbers are read while they arrive: put `default_region` and `column` in front of the numbers or the file.',
  },
  unknown_check: {
    status: 422,
    title: 'No account offers this check',
    advice: 'Use one of the checks that `detail` names.',
  },
  unknown_account: {
    status: 422,
    title: 'There is no such account',
    advice: 'Use one of the accounts that `detail` names, or none.',
  },
  check_not_offered: {
    status: 422,
    title: 'The account does not offer this check',
    advice: 'Use another account or another check.',
  },
  no_account_for_check: {
    status: 422,
    title: 'The check has no default account',
    advice: 'Name one of the accounts that `detail` names.',
  },
  too_few_numbers: {
    status: 422,
    title: 'Fewer numbers than the account takes',
    advice: 'Add numbers. They are never padded, and nothing was stored.',
  },
  cost_ceiling_required: {
    status: 422,
    title: 'Paying again needs a ceiling',
    advice: 'Say in `cost_ceiling` what the new upload may cost at most, as text such as "12.50".',
  },
  cost_ceiling_too_low: {
    status: 422,
    title: 'The upload would cost more than the ceiling',
    advice: 'Raise `cost_ceiling` to what `money` says, or decide otherwise. Nothing was changed.',
  },
  max_cost_too_low: {
    status: 422,
    title: 'The job would cost more than max_cost',
    advice: 'Raise `max_cost` or send fewer numbers. Nothing was stored.',
  },
  nothing_to_retry: {
    status: 422,
    title: 'No number is left to retry',
    advice: 'The latest answer of every number is none of those that `include` names.',
  },
  approval_required: {
    status: 422,
    title: 'Some numbers may have been paid for already',
    advice:
      'Asking them again may pay twice. Send `approval` with `why` and a `cost_ceiling` of at least the cost in `retry`, with a key that has the scope approvals:write.',
  },
  approval_too_low: {
    status: 422,
    title: 'The approval does not cover the cost',
    advice: 'Raise `cost_ceiling` to at least what `detail` names, or retry fewer numbers.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    advice: 'Use a new key for another upload or other options.',
  },
  empty: {
    status: 422,
    title: 'The upload holds no line',
    advice: 'Send at least one number.',
  },
  line_too_long: {
    status: 422,
    title: 'A line is too long',
    advice: 'Check the line ends and quotes at the line named.',
  },
  unknown_column: {
    status: 422,
    title: 'The file has no such column',
    advice: 'Name a column of the file, or its position counted from 1.',
  },
  no_number_column: {
    status: 422,
    title: 'No column looks like phone numbers',
    advice: 'Name the column with `column`.',
  },
  ambiguous_column: {
    status: 422,
    title: 'More than one column looks like phone numbers',
    advice: 'Name the column with `column`.',
  },
  unbalanced_quote: {
    status: 422,
    title: 'A quote is never closed',
    advice: 'Correct the quotes at the line named.',
  },
  not_json: {
    status: 422,
    title: 'The numbers are no JSON array',
    advice: 'Send an array of texts or whole numbers, such as ["+447911123456"].',
  },
  bad_gzip: {
    status: 422,
    title: 'The gzip data is broken',
    advice: 'Compress the file again, or send it plain.',
  },
  bad_xlsx: {
    status: 422,
    title: 'The workbook is broken',
    advice: 'Save it again as .xlsx, or as csv, and send it whole.',
  },
  unknown_region: {
    status: 422,
    title: 'There is no such region',
    advice: 'Give `default_region` as an ISO 3166 code of two letters, such as GB.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    advice: 'Send it again after the seconds in `Retry-After`.',
  },
  numbers_per_day_reached: {
    status: 429,
    title: 'The day’s numbers are used up',
    advice:
      'Wait for the next UTC day (`Retry-After`), send fewer numbers, or have the limit that `detail` names raised. Nothing was stored.',
  },
  too_many_exports: {
    status: 429,
    title: 'Too many exports at once',
    advice: 'Send it again after the seconds in `Retry-After`.',
  },
  too_many_listeners: {
    status: 429,
    title: 'Too many event streams at once',
    advice: 'Ask for the job itself every few seconds instead, or come again later.',
  },
  too_many_uploads: {
    status: 429,
    title: 'Too many uploads at once',
    advice: 'Send it again after the seconds in `Retry-After`.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    advice: 'Keep the path and the headers together below 16 KiB.',
  },
  internal: {
    status: 500,
    title: 'An error of ours',
    advice: 'Tell the operator the request id in `instance`.',
  },
  database_unavailable: {
    status: 503,
    title: 'Postgres cannot be reached',
    advice:
      'Send it again after the seconds in `Retry-After`; with an Idempotency-Key nothing is made twice.',
  },
  disk_full: {
    status: 503,
    title: 'The API has no room to put the upload aside',
    advice:
      'Nothing of it was kept. Tell the operator, and send it again later; with an Idempotency-Key nothing is made twice.',
  },
  queue_unavailable: {
    status: 503,
    title: 'The queue cannot be reached',
    advice:
      'Its dashboard shows nothing meanwhile. The API takes jobs all the same, and what is due is rung for once the queue is back.',
  },
  http_version_too_old: {
    status: 505,
    title: 'An export needs HTTP/1.1',
    advice:
      'Ask over HTTP/1.1, a proxy in between too (nginx: proxy_http_version 1.1). HTTP/1.0 cannot tell a cut answer from a whole one.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly advice: string;
}

export type ErrorCode = keyof typeof errorCatalogue;
