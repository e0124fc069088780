import { InvalidArgumentError } from 'commander';

/** What stands in printed commands and help for what a person fills in. */
const placeholders: ReadonlySet<string> = new Set([
  'WHY',
  'WHO',
  'ID',
  'REASON',
  'FILE',
  '…',
  '...',
]);

/** Parsers of what stands behind a flag. */
export const flag = {
  /** A whole number from `min` to `max`. */
  whole(min: number, max: number) {
    return (text: string): number => {
      const value = Number(text);
      if (/^-?\d{1,9}$/.test(text) && value >= min && value <= max) return value;
      throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    };
  },
  /** A person's own words, or an id that somebody told them; not what a printed command has in its place. */
  filledIn(this: void, text: string): string {
    if (!placeholders.has(text.trim())) return text;
    throw new InvalidArgumentError(
      'Fill it in: that is what the printed command has in its place.',
    );
  },
  amount(this: void, text: string): string {
    if (/^\d{1,11}(\.\d{1,9})?$/.test(text)) return text;
    throw new InvalidArgumentError('Write an amount such as 12.50.');
  },
  /** One of a few words. */
  word<Word extends string>(words: readonly Word[]) {
    return (text: string): Word => {
      const found = words.find((word) => word === text);
      if (found !== undefined) return found;
      throw new InvalidArgumentError(`Write one of ${words.join(', ')}.`);
    };
  },
  /** Several words, separated by commas. */
  words<Word extends string>(words: readonly Word[]) {
    return (text: string): Word[] => {
      const given = text.split(',').map((each) => each.trim());
      const found = words.filter((word) => given.includes(word));
      if (found.length === given.length) return found;
      throw new InvalidArgumentError(`Write some of ${words.join(',')}, each once.`);
    };
  },
  /** The id of a thing, by its prefix; a path could be made of anything else. */
  id(...prefixes: readonly ('job' | 'chk' | 'key' | 'att' | 'rpl' | 'ers')[]) {
    return (text: string): string => {
      if (new RegExp(`^(?:${prefixes.join('|')})_[0-9a-f-]{36}$`).test(text)) return text;
      const shown = prefixes.map((prefix) => `${prefix}_`).join(' or ');
      throw new InvalidArgumentError(`Write an id as it is shown: ${shown} and 36 characters.`);
    };
  },
  account(this: void, text: string): string {
    if (/^[a-z][a-z0-9-]{0,62}$/.test(text)) return text;
    throw new InvalidArgumentError('Write the id of an account, as `rollcall accounts` shows it.');
  },
};
