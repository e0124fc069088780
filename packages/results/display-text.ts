/**
 * Text from a stranger's file, made fit for messages and rows. Control characters go because they can forge log lines
 * and drive terminals, and because Postgres refuses U+0000 in jsonb.
 */

// oxlint-disable-next-line no-control-regex -- taking these out is the purpose
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
// oxlint-disable-next-line no-control-regex -- the same, but line breaks and tabs are content here
const controlsButSpace = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** The shape of a cell that holds no number: digits become `#`, at most 32 characters. */
export function maskDigits(text: string): string {
  return text
    .slice(0, 32)
    .replace(/\p{Nd}/gu, '#')
    .replace(controls, ' ');
}

/** A column's name: lower case, trimmed, one line, at most 64 characters. */
export function columnName(text: string): string {
  return text.slice(0, 200).replace(controls, ' ').trim().toLowerCase().slice(0, 64);
}

/** An attribute's value as it may be stored; line breaks and tabs stay. */
export function attributeText(text: string): string {
  return text.replace(controlsButSpace, '\ufffd');
}
