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

/** Seven digits or more of any script, also when grouped the way people write phone numbers. */
const numberLike = /\+?\p{Nd}(?:[\s().\-/\u2010-\u2015]{0,3}\p{Nd}){6,}/gu;

/**
 * What another process says is wrong with a file: one line, at most 300 characters, and no phone number.
 * @param ours numbers that may stand in it however long they are: limits, and the row
 */
export function displayMessage(text: string, ours: readonly string[] = []): string {
  return text
    .slice(0, 600)
    .replace(controls, ' ')
    .replace(numberLike, (found) => (ours.includes(found) ? found : found.replace(/\p{Nd}/gu, '#')))
    .slice(0, 300)
    .toWellFormed();
}

/** A column's name: lower case, trimmed, one line, at most 64 characters. */
export function columnName(text: string): string {
  return text.slice(0, 200).replace(controls, ' ').trim().toLowerCase().slice(0, 64);
}

/** An attribute's value as it may be stored; line breaks and tabs stay. */
export function attributeText(text: string): string {
  return text.replace(controlsButSpace, '\ufffd');
}
