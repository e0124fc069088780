// What people call the column of phone numbers, with everything but letters and digits taken out.
const aliases: ReadonlySet<string> = new Set([
  ...['phone', 'phones', 'phonenumber', 'phonenumbers', 'phoneno', 'phonenum', 'phone1'],
  ...['number', 'numbers', 'no', 'num', 'msisdn', 'msisdns', 'e164', 'mobile', 'mobiles'],
  ...['mobilenumber', 'mobileno', 'mobilephone', 'mobilephonenumber', 'cell', 'cellphone'],
  ...['cellnumber', 'tel', 'telephone', 'telephonenumber', 'telno', 'telnumber', 'contactnumber'],
  ...['contactno', 'whatsapp', 'whatsappnumber', 'viber', 'telegram', 'gsm', 'handy'],
  ...['handynummer', 'telefon', 'telefonnummer', 'rufnummer', 'mobilnummer', 'nummer'],
  ...['telefono', 'teléfono', 'numero', 'número', 'celular', 'movil', 'móvil', 'cellulare'],
  ...['telefone', 'telemovel', 'telemóvel', 'téléphone', 'portable', 'numéro', 'telefonnumarası'],
  ...['numara', 'ceptelefonu', 'cep', 'телефон', 'номер', 'номертелефона', 'мобильный', 'тел'],
  ...['telefoon', 'telefoonnummer', 'mobiel', 'telefonas', 'numer', 'numertelefonu', 'komórka'],
  ...['hp', 'nohp', 'nomor', 'nomorhp', 'sốđiệnthoại', 'điệnthoại', '电话', '手机', '手机号'],
  ...[
    '手机号码',
    '電話',
    '電話番号',
    '携帯電話',
    '전화번호',
    '휴대폰',
    'هاتف',
    'رقم',
    'الهاتف',
    'رقمالهاتف',
  ],
]);

/** The longest of them has 17 letters; signs and spaces may stand between. */
const nameMax = 80;

/** Whether a header cell is one of the names that a column of phone numbers goes by. */
export function isNumberHeader(cell: string): boolean {
  // To normalise 64 KiB of accents takes a second and a half, four times as long for twice as many.
  if (cell.length > nameMax) return false;
  return aliases.has(
    cell
      .normalize('NFC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]/gu, ''),
  );
}
