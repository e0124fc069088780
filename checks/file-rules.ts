import type { SourceFile } from './source-file.ts';

/** A rule on a file as such. `reason` is what its author reads. */
export type FileRule = {
  name: string;
  reason: string;
  forbids: (file: SourceFile, text: string) => boolean;
};

/** Longer files explain themselves in their first comment. */
const LONG_FILE_LINES = 300;
const WORDS_THAT_NAME_NOTHING = /(^|[/.-])(utils?|helpers?|common|managers?|services?)([/.-]|$)/;

export const fileRules: FileRule[] = [
  {
    name: 'names-say-something',
    reason:
      'utils, helpers, common, manager and service name no thing: call the file by its one main export.',
    forbids: (file) => WORDS_THAT_NAME_NOTHING.test(file.inside),
  },
  {
    name: 'kebab-case',
    reason: 'Files and folders are kebab-case (verdict-words.ts, verdict-words.property.test.ts).',
    forbids: (file) =>
      !/^(\.?[a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z-]+)*\.ts$/.test(file.inside),
  },
  {
    name: 'long-files-say-why',
    reason: `A file over ${LONG_FILE_LINES} lines is split, or says in its first comment why it is not.`,
    forbids: (_, text) =>
      text.split('\n').length > LONG_FILE_LINES && !/^(#!.*\n)?\s*\/[/*]/.test(text),
  },
];
