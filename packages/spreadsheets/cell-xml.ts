/** Excel's own limit, in UTF-16 units; with more it calls the file damaged. */
const maxCell_characters = 32_767;

/** Most cells need nothing, and there are eight of them in each of millions of rows: one look has to do. */
const isSpecial =
  // oxlint-disable-next-line no-control-regex -- finding these is the purpose
  /[&<>\u0000-\u001f\ud800-\udfff\ufffe\uffff]|_x|^\s|\s$| {2}/;
// oxlint-disable-next-line no-control-regex -- what XML 1.0 §2.2 has no way to write
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
/** Read back as a character by every spreadsheet (ECMA-376 part 1 §22.9.2.19), unless its underscore is written so too. */
const looksEscaped = /_(?=x[0-9A-Fa-f]{4}_)/g;

/**
 * A text cell's XML. What XML cannot hold becomes U+FFFD, and what Excel cannot hold is cut. Text is text: there is no
 * formula that a value could turn into, so that none needs an apostrophe.
 */
export function cellXml(reference: string, value: string): string {
  if (value.length <= maxCell_characters && !isSpecial.test(value)) {
    return `<c r="${reference}" t="inlineStr"><is><t>${value}</t></is></c>`;
  }
  const text = value.length > maxCell_characters ? cut(value) : value;
  return `<c r="${reference}" t="inlineStr"><is><t xml:space="preserve">${escapeText(text)}</t></is></c>`;
}

/** A value between double quotes. */
export function attributeXml(value: string): string {
  return escapeText(value).replaceAll('"', '&quot;');
}

function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(forbidden, '\ufffd')
    .replace(looksEscaped, '_x005F_')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}

/** Never between the two halves of a character. */
function cut(text: string): string {
  const last = text.charCodeAt(maxCell_characters - 1);
  const isHigh = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHigh ? maxCell_characters - 1 : maxCell_characters);
}
