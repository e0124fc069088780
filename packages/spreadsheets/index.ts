export { CarryBuffer } from './carry-buffer.ts';
export { cellText, wholeNumberText } from './cell-text.ts';
export { displayName } from './display-name.ts';
export {
  type FileBytes,
  openFileBytes,
  readPieces,
  readRange,
  type SpreadsheetFile,
} from './file-bytes.ts';
export { openNamelessFile } from './nameless-file.ts';
export type { CellKind, RowConsumer } from './row-consumer.ts';
export { UnreadableWorkbook, type WorkbookProblem } from './unreadable-workbook.ts';
export { openWorkbook, readSheet, sampleSheet, type Workbook } from './workbook.ts';
export { defaultWorkbookLimits, type WorkbookLimits } from './workbook-limits.ts';
export type { SheetPart } from './workbook-parts.ts';
export { type NewMember, writeZip } from './write-zip.ts';
export { type NewSheet, writeWorkbook } from './write-workbook.ts';
export { type Archive, type ArchiveMember, isWorkbook, openArchive } from './zip-archive.ts';
export { readMember, readMemberHead } from './zip-member.ts';
