import {
  adapterNames,
  type Money,
  parseMoney,
  resultSemantics,
  specialCategories,
  verdicts,
} from '@rollcall/domain';
import { z } from 'zod';

/** Numbers in one upload where an xlsx may come back: a sheet has 1,048,576 rows, its header included. */
const largestChunk = 1_000_000;

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const duration = z
  .string('write a duration such as 500ms, 5s, 2m, 24h or 7d')
  .regex(/^\d{1,6}(ms|s|m|h|d)$/, 'write a duration such as 500ms, 5s, 2m, 24h or 7d')
  .transform((text) => {
    const [, count = '0', unit = 'ms'] = /^(\d+)(\w+)$/.exec(text) ?? [];
    return Number(count) * (milliseconds[unit] ?? 1);
  });

/** Text keeps every decimal; an unquoted YAML number is taken as it is written. */
const money = z
  .union([z.string(), z.number()], 'write an amount such as "0.0025"')
  .transform((value, context): Money => {
    const amount = parseMoney(String(value));
    if (amount !== null && amount >= 0n) return amount;
    const message = 'not an amount with at most 9 decimals; write one such as "0.0025"';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const positive = z.int('write a whole number').positive('write a whole number above 0');
const text = z.string('write a text').min(1, 'write a text that is not empty');
const lowerCaseText = text.regex(/^\P{Lu}*$/u, 'write it in lower case');

const check = z.strictObject({
  task_type: text.describe("The provider's own word for the check, sent verbatim."),
  min_numbers: positive.default(1).describe('Smallest upload that the provider takes.'),
  max_numbers: positive.default(10_000_000).describe('Largest upload that the provider takes.'),
  chunk_size: positive
    .max(largestChunk, `at most ${largestChunk}: a sheet that comes back holds no more rows`)
    .describe('Numbers in one upload. It is also what one upload of unknown outcome may cost.'),
  price_per_number: money.describe("In the account's currency, as text."),
  result_semantics: z
    .enum(resultSemantics, `write one of ${resultSemantics.join(', ')}`)
    .optional()
    .describe('What the bytes of a result mean. `table` where left out; webcom must say it.'),
  verdict_columns: z
    .array(lowerCaseText)
    .default([])
    .describe("Further names of the verdict column, beside the check's and the task type's own."),
  verdict_words: z
    .record(lowerCaseText, z.enum(verdicts, `write one of ${verdicts.join(', ')}`))
    .default({})
    .describe('Further words of a verdict, beside yes, no and ban.'),
});

const pace = z
  .strictObject({
    requests_per_second: z
      .number('write a number')
      .positive('write a number above 0')
      .max(1000, 'at most 1000')
      .default(2),
    uploads_in_flight: positive.max(64, 'at most 64').default(1),
  })
  .prefault({})
  .describe('Counted in Postgres across all workers.');

const poll = z
  .strictObject({
    floor: duration.default(5_000).describe('Shortest wait between two polls of a task.'),
    ceiling: duration
      .default(3_600_000)
      .describe(
        'Longest wait between two polls of a task; 5m at most while it is not found, waits for money or gets no answer.',
      ),
    deadline: duration
      .default(86_400_000)
      .describe('From acceptance; a task that is not ready by then is held, never sent again.'),
  })
  .prefault({});

const account = z.strictObject({
  enabled: z.boolean('write true or false').default(true).describe('False leaves it out.'),
  adapter: z.enum(adapterNames, `write one of ${adapterNames.join(', ')}`),
  base_url: text.describe(
    'https, without query or user name; http only with allow_insecure. A name of a private address needs that too.',
  ),
  key_env: text
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable, not a key')
    .optional()
    .describe('Environment variable that holds the key; NAME_FILE works too.'),
  key_file: text.optional().describe('File that holds the key and nothing else.'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'write an ISO 4217 code such as USD'),
  path_prefix: text
    .regex(/^(\/[A-Za-z0-9_-]+)+$/, 'write a path such as /fb/api/simple')
    .optional()
    .describe('simple-tasks only: the path in front of /tasks.'),
  user_id: text.optional().describe('simple-tasks only: sent as user_id where given.'),
  tenants: z
    .array(text)
    .min(1, 'name a tenant, or leave it out')
    .optional()
    .describe(
      'Names of the tenants that may use it; all where left out. To others it is not there.',
    ),
  operated_by: text
    .optional()
    .describe(
      'Name of the one tenant whose admins may pause, resume and confirm it; where left out the only one of `tenants`, else `default`.',
    ),
  special_categories: z
    .union(
      [z.boolean(), z.array(z.enum(specialCategories))],
      `write true, or some of ${specialCategories.join(', ')}`,
    )
    .default(false)
    .describe(
      'Columns of result files that describe people and are kept as attributes; dropped where left out.',
    ),
  checks: z.record(
    z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'name a check in lower case, e.g. telegram'),
    check,
  ),
  pace,
  poll,
  upload_deadline: duration
    .default(20_000)
    .describe('Total time of one upload, at most 20s, so that a stop stays bounded.'),
  download_deadline: duration.default(600_000).describe('Total time of one download.'),
  max_result_bytes: positive.default(268_435_456),
  result_hosts: z
    .array(
      text.regex(
        /^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d{1,5})?$/,
        'write a host or host:port in lower case, without scheme or path',
      ),
    )
    .default([])
    .describe(
      "Hosts that result files may come from, each exactly, on port 443 unless it names one; empty means the base URL's own.",
    ),
  allow_insecure: z
    .boolean('write true or false')
    .default(false)
    .describe('Plain http, and addresses that are private or loopback: for simulators only.'),
  canary: z
    .enum(['ingest', 'acceptance', 'off'], 'write ingest, acceptance or off')
    .default('ingest')
    .describe('When the rest of a job follows its first, smallest chunk.'),
  daily_cap: money.nullable().default(null).describe('Most that may be spent in one UTC day.'),
  monthly_cap: money.nullable().default(null).describe('Most that may be spent in one UTC month.'),
  semantics_confirmed: z
    .boolean('write true or false')
    .default(false)
    .describe('False: the first artifact is held until a person has looked at it.'),
});

const accountId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'name an account in lower case, digits and dashes');

export const accountsFile = z.strictObject({
  defaults: z
    .record(z.string(), z.string())
    .default({})
    .describe('Account of each check where a job names none.'),
  accounts: z.record(accountId, account),
});

export type AccountsFile = z.infer<typeof accountsFile>;
export type AccountEntry = AccountsFile['accounts'][string];
export type CheckEntry = AccountEntry['checks'][string];

/** The JSON Schema (draft 2020-12) of what may be written in the file, for editors. */
export function accountsJsonSchema(): object {
  const schema = z.toJSONSchema(accountsFile, { io: 'input' });
  return { title: 'Rollcall accounts', ...schema };
}
