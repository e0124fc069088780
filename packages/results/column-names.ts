/**
 * Names that columns and list files go by. Compared after lower-casing and turning runs of blanks, `_` and `-` into one
 * blank, so that `Phone_Number` and `phone number` are the same.
 */

export function comparableName(text: string): string {
  return text
    .replace(/[\s_\-\ufeff]+/g, ' ')
    .trim()
    .toLowerCase();
}

/** In order of preference: the pages' own word first. */
export const numberColumnNames: readonly string[] = [
  'number',
  'phone number',
  'mobile number',
  'phone',
  'mobile',
  'phonenumber',
  'mobilenumber',
  'msisdn',
  'telephone',
  'tel',
  'numbers',
  'phones',
  'номер',
  'телефон',
];

/** Verdict columns that say nothing of the service; `activated` is what real exports use. */
export const generalVerdictColumnNames: readonly string[] = ['activated', 'registered'];

/**
 * The services, each with the words that checks, task types and columns use for it (the pages' spelling included). A
 * column named after another service than the one asked means that this is another task's file.
 */
const services: Readonly<Record<string, readonly string[]>> = {
  whatsapp: ['whatsapp', 'ws', 'wa', 'wa cheking'],
  viber: ['viber', 'viber cheking'],
  telegram: ['telegram', 'tg', 'telegram cheking'],
  twitter: ['twitter'],
  facebook: ['facebook', 'fb'],
  coinw: ['coinw'],
};

const serviceByWord = new Map(
  Object.entries(services).flatMap(([service, words]) =>
    words.map((word): [string, string] => [word, service]),
  ),
);

/** The service that a comparable name stands for. */
export function serviceOf(name: string): string | null {
  return serviceByWord.get(name) ?? null;
}

const positiveWords = new Set(['activated', 'registered', 'active', 'yes']);
const negativeWords = new Set(['unregistered', 'unactivated', 'inactive', 'no', 'not', 'non']);

/**
 * What a list file's name says of its numbers. Compared word by word: `unregistered.txt` ends with `registered.txt`.
 */
export function listVerdictOf(memberName: string): 'registered' | 'not_registered' | null {
  const file = memberName.slice(memberName.lastIndexOf('/') + 1).toLowerCase();
  const words = file.replace(/\.[^.]*$/, '').split(/[^a-z]+/);
  if (words.some((word) => negativeWords.has(word))) return 'not_registered';
  return words.some((word) => positiveWords.has(word)) ? 'registered' : null;
}
