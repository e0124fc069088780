import { archiveFiles } from './archive-files.ts';
import type { HostileFile } from './hostile-file.ts';
import { textFiles } from './text-files.ts';
import { workbookFiles } from './workbook-files.ts';

/** Every row of the list of hostile result files, and what is like them. */
export const hostileResultFiles: readonly HostileFile[] = [
  ...textFiles,
  ...archiveFiles,
  ...workbookFiles,
];
