// Control characters go because they can forge log lines and drive terminals.
// oxlint-disable-next-line no-control-regex -- taking these out is the purpose
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** A member's or sheet's name: one line, at most 60 characters, with runs of digits that could be a number masked. */
export function displayName(name: string): string {
  const clean = name.slice(0, 200).replace(controls, ' ');
  return clean.replace(/\d{7,}/g, (digits) => '#'.repeat(digits.length)).slice(0, 60);
}
