export { type NewSheet, writeWorkbook } from './write-workbook.ts';
