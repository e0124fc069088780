/** Words of the API that stand for a flag of another name, the longer ones first. */
const other: readonly (readonly [RegExp, string])[] = [
  [/Correct what `errors` names\.\s*/g, ''],
  [
    /Send `approval` with `why` and a `cost_ceiling` of at least (\S+?),/g,
    'Give --approve WHY --cost-ceiling $1,',
  ],
  [
    /Send `approval` with `why` and a `cost_ceiling` of/g,
    'Give --approve WHY and a --cost-ceiling of',
  ],
  [/\badd partial=true\b/g, 'give --partial'],
  [/\berasure = true\b/g, '--erasure'],
  [/\blatest=true\b/g, '--latest'],
  [/\bto what `money` says\b/g, 'to what it would cost'],
  [/`errors`/g, 'the lines below'],
];
const flags =
  /`?\b(max_cost|cost_ceiling|default_region|requested_by|task_id|not_charged|expires_at|idempotency_key)\b`?|`(include|column|purpose|priority|account|check|reason|scopes)`/g;

/** A text of the API as the command line says it: fields of a request are flags here. */
export function inFlags(text: string): string {
  const said = other.reduce((rest, [words, flag]) => rest.replaceAll(words, flag), text);
  return said.replaceAll(flags, (_, long: string | undefined, short: string | undefined) =>
    flagNamed(long ?? short ?? ''),
  );
}

/** `requested_by` as `--requested-by`. */
export function flagNamed(field: string): string {
  return `--${field.replaceAll('_', '-')}`;
}
