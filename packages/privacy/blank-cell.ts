const zero = 0x30;
const nine = 0x39;
const dot = 0x2e;

/**
 * Writes zeros over whatever of a cell may be a digit: those of ASCII, and all bytes beyond it. Signs and letters stay, so that the cell,
 * its line and an escape of JSON are what they were. A number of JSON without quotes may not begin with zeros, and becomes 0.000….
 */
export function blankCell(cell: Uint8Array, isBareJson: boolean): void {
  for (let at = 0; at < cell.length; at += 1) {
    const byte = cell[at] ?? 0;
    if (isBareJson || (byte >= zero && byte <= nine) || byte >= 0x80) cell[at] = zero;
  }
  if (isBareJson && cell.length > 1) cell[1] = dot;
}
