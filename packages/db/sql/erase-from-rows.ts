import type { Database, Transaction } from '../database.ts';
import type { ErasureClaim } from './erase-number.ts';

/** Taking a number out of what people and providers wrote, and out of rows that no job counts. */

/** What intake takes for punctuation within a number, and further blanks. */
const signs =
  ' .()/[\\]~\u00a0\u00ad\u2009\u200b\u2010-\u2015\u202f\u2060\u2212\u3000\u30fc\uff08\uff09\uff0d\uff0e\uff0f\uff3b\uff3d-';
const between = `[${signs}]{0,16}`;
/** Fullwidth, Arabic-Indic and Eastern Arabic zeros: intake reads their digits too. */
const foreignZeros = [0xff10, 0x0660, 0x06f0];

/** A digit, in whatever script. */
function digitIn(digit: string): string {
  const others = foreignZeros.map((zero) => String.fromCharCode(zero + Number(digit))).join('');
  return `[${digit}${others}]`;
}

/** In a text, the number in any spelling: with `+` or `00`, with what people put between digits, with a trunk `(0)`. */
export function spellingsOf(number: number): string {
  const digits = Array.from(String(number), (digit, at) =>
    at > 0 && at <= trunkDigitsMax
      ? `(?:${between}\\(?[0\uff10\u0660\u06f0]?\\)?)${between}${digitIn(digit)}`
      : digitIn(digit),
  );
  return `(?<!\\d)(?:00)?${digits.join(between)}(?!\\d)`;
}
/** A calling code has so many digits at most. */
const trunkDigitsMax = 3;

/** As people write it within their country, with the trunk prefix or without. */
export function nationalSpellingsOf(number: number, callingCode: string): string | null {
  const text = String(number);
  if (!text.startsWith(callingCode)) return null;
  const digits = Array.from(text.slice(callingCode.length), digitIn);
  return `(?<!\\d)0?${between}${digits.join(between)}(?!\\d)`;
}

const allDigits = '0123456789';
/** Of `translate`: foreign digits become our own, and signs go. */
const foreignDigits = foreignZeros
  .flatMap((zero) => Array.from(allDigits, (digit) => String.fromCharCode(zero + Number(digit))))
  .join('');
const translated = [
  foreignDigits +
    signs.replace('\\', '').replace('\u2010-\u2015', '\u2010\u2011\u2012\u2013\u2014\u2015'),
  allDigits.repeat(foreignZeros.length),
] as const;
/** What every spelling has in one piece once its signs are gone. Looked for first: the regular expression alone took three to four times as long. */
const tailOf = (number: number): string => String(number).slice(trunkDigitsMax).slice(-9);
/** As patterns of LIKE: that piece, and its digits in this order whatever is between them. */
const patternsOf = (number: number): readonly [piece: string, order: string] => [
  `%${tailOf(number)}%`,
  `%${Array.from(tailOf(number)).join('%')}%`,
];

const instead = '[erased]';

/** Texts that somebody else wrote, of rows that stay, by table: column, and what it is cut to. */
const texts: readonly (readonly [table: string, column: string, length: number])[] = [
  ['evidence', 'body_excerpt', 100_000],
  ['evidence', 'transport_error', 100_000],
  ['attempts', 'outcome_reason', 100_000],
  ['artifacts', 'verdict_detail', 100_000],
  ['chunks', 'reason', 100_000],
  ['chunks', 'held_detail', 100_000],
];

/** What people of the tenant wrote: there a number may also stand as it is written in a country that they upload numbers of. */
const words: typeof texts = [
  ['jobs', 'name', 200],
  ['jobs', 'purpose', 500],
  ['jobs', 'requested_by', 200],
  ['decisions', 'why', 100_000],
  ['approvals', 'why', 2_000],
  ['retry_approvals', 'why', 2_000],
  ['replays', 'why', 2_000],
  ['erasures', 'reason', 500],
  ['erasures', 'requested_by', 200],
];

/** A statement that takes the number out of one table, or one month of it. */
export interface RowsStep {
  readonly table: string;
  readonly sql: string;
  readonly values: readonly unknown[];
}

export interface NationalSpellings {
  readonly region: string;
  readonly spellings: string;
}

/** What is to be done, so that the number is in no other row of the tenant. Each may be done again, and by itself. */
export async function stepsThroughRows(
  db: Pick<Database, 'query'>,
  { tenantId, number }: ErasureClaim,
  national: readonly NationalSpellings[],
): Promise<readonly RowsStep[]> {
  const steps: RowsStep[] = [];
  const add = (table: string, sql: string, ...values: readonly unknown[]) =>
    void steps.push({ table, sql, values });
  for (const table of ['quarantined_rows', 'replayed_rows']) {
    add(table, `DELETE FROM store.${table} WHERE tenant_id = $1 AND number = $2`, tenantId, number);
  }
  // Of jobs whose time is over, in a month that could not be dropped yet.
  for (const table of ['job_numbers', 'suppressed_numbers', 'results']) {
    add(
      table,
      `DELETE FROM store.${table} n USING store.jobs j
        WHERE j.tenant_id = $1 AND j.rows_dropped_at IS NOT NULL AND n.job_no = j.job_no AND n.job_day = j.job_day AND n.number = $2`,
      tenantId,
      number,
    );
  }
  const looks = [...translated, ...patternsOf(number)] as const;
  const own = { region: null, spellings: spellingsOf(number) };
  for (const { spellings } of [own, ...national]) {
    for (const [table, column, length] of spellings === own.spellings
      ? [...texts, ...words]
      : words) {
      add(
        table,
        `UPDATE store.${table} SET ${column} = left(regexp_replace(${column}, $2, '${instead}', 'g'), ${length})
          WHERE tenant_id = $1 AND ${isSpelled(column)}`,
        tenantId,
        spellings,
        ...looks,
      );
    }
  }
  // Lines without a number are as many as people like to send.
  for (const month of await readRejectMonths(db)) {
    for (const { region, spellings } of [own, ...national]) {
      add(
        'rejects',
        `UPDATE store.rejects r SET raw = left(regexp_replace(r.raw, $2, '${instead}', 'g'), 400) FROM store.jobs j
          WHERE r.tenant_id = $1 AND ${isSpelled('r.raw')} AND j.job_no = r.job_no AND j.job_day = r.job_day
            AND r.job_day >= $7::date AND r.job_day < $7::date + interval '1 month' AND ($8::text IS NULL OR j.default_region = $8)`,
        tenantId,
        spellings,
        ...looks,
        month,
        region,
      );
    }
  }
  for (const [table, column] of [
    ['jobs', 'upload'],
    ['artifacts', 'headers'],
  ] as const) {
    add(
      table,
      `UPDATE store.${table} SET ${column} = regexp_replace(${column}::text, $2, '${instead}', 'g')::jsonb
        WHERE tenant_id = $1 AND ${isSpelled(`${column}::text`)}`,
      tenantId,
      own.spellings,
      ...looks,
    );
  }
  // Bytes of an answer that nobody could read: not worth keeping a number for, whatever stands between its digits. With a NUL in them they are no text.
  const asText = "convert_from(raw_body, 'LATIN1')";
  add(
    'evidence',
    `UPDATE store.evidence SET raw_body = NULL
      WHERE tenant_id = $1 AND CASE WHEN position(decode('00', 'hex') IN raw_body) > 0 THEN position(convert_to($2::bigint::text, 'UTF8') IN raw_body) > 0
                                    WHEN ${asText} LIKE $4 THEN regexp_replace(${asText}, '[^0-9]+', '', 'g') LIKE $3 ELSE false END`,
    tenantId,
    number,
    ...patternsOf(number),
  );
  // What was planned anew has a range that says nothing any more.
  add(
    'chunks',
    `UPDATE store.chunks SET first_number = -chunk_no, last_number = -chunk_no
      WHERE tenant_id = $1 AND state = 'superseded' AND $2 IN (first_number, last_number)`,
    tenantId,
    number,
  );
  return steps;
}

/**
 * CASE, since the planner would try the regular expression first: it takes all of them for as dear. `translate` asks for each sign of a text
 * all signs of its list: it is left to texts that have the digits in their order, or foreign ones, and most texts have neither.
 */
const isSpelled = (text: string): string =>
  `CASE WHEN CASE WHEN octet_length(${text}) <> length(${text}) THEN translate(${text}, $3, $4) LIKE $5
                  WHEN ${text} LIKE $6 THEN translate(${text}, ' .()/[]~-', '') LIKE $5 ELSE false END
        THEN ${text} ~ $2 ELSE false END`;

/** Does one of them; returns how many rows were removed or changed. */
export async function eraseFromRows(
  tx: Transaction,
  { table, sql, values }: RowsStep,
): Promise<Readonly<Record<string, number>>> {
  await tx.query("SET LOCAL rollcall.forgets TO 'on'");
  const { rowCount } = await tx.query(sql, [...values]);
  return rowCount ? { [table]: rowCount } : {};
}

/** The months of which lines without a number are kept. */
async function readRejectMonths(db: Pick<Database, 'query'>): Promise<readonly string[]> {
  const { rows } = await db.query<{ month: string }>(
    "SELECT month FROM store.kept_months('rejects') AS month",
  );
  return rows.map(({ month }) => month);
}

/** Regions in which numbers without a country code were read, over a tenant's jobs. */
export async function readRegions(
  db: Pick<Database, 'query'>,
  tenantId: number,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ region: string }>(
    'SELECT DISTINCT default_region AS region FROM store.jobs WHERE tenant_id = $1 AND default_region IS NOT NULL',
    [tenantId],
  );
  return rows.map(({ region }) => region);
}
