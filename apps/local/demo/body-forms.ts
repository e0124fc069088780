import { gzipSync } from 'node:zlib';

/** How a job's numbers are sent. Between them they use each body form and file kind that the API takes. */
export type BodyForm = 'txt' | 'csv' | 'txt.gz' | 'json' | 'form, tsv' | 'form, csv.gz' | 'txt, GB';

export interface FormTraits {
  /** A cell may be empty without its record being blank. */
  readonly hasCells: boolean;
  readonly defaultRegion: string | null;
}

/** Options of a job as the API calls them; all text. */
export type JobOptions = Readonly<Record<string, string>>;

export interface JobRequest {
  /** For the query string. */
  readonly query: JobOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer<ArrayBuffer> | FormData;
}

export function traitsOf(form: BodyForm): FormTraits {
  return {
    hasCells: form === 'csv' || form === 'json' || form.startsWith('form'),
    defaultRegion: form === 'txt, GB' ? 'GB' : null,
  };
}

/** Writes cells, one number or what stood in its place each, as one of the bodies that `POST /v1/jobs` takes. */
export function jobRequest(
  form: BodyForm,
  options: JobOptions,
  cells: readonly string[],
): JobRequest {
  switch (form) {
    case 'txt':
    case 'txt, GB':
      return raw('text/plain', options, Buffer.from(plainText(cells)));
    case 'txt.gz':
      return raw('application/gzip', options, gzipped(plainText(cells)));
    case 'csv':
      return raw('text/csv', options, Buffer.from(table(cells, ';', '\r\n')));
    case 'json':
      return {
        query: {},
        headers: { 'content-type': 'application/json' },
        // Clean digits go as JSON numbers, everything else as strings.
        body: JSON.stringify({
          ...options,
          numbers: cells.map((cell) => (/^[1-9]\d{6,14}$/.test(cell) ? Number(cell) : cell)),
        }),
      };
    case 'form, tsv':
      return multipart(options, 'numbers.tsv', Buffer.from(table(cells, '\t', '\n')));
    case 'form, csv.gz':
      return multipart(options, 'numbers.csv.gz', gzipped(table(cells, ',', '\n')));
  }
}

function raw(type: string, query: JobOptions, body: Buffer<ArrayBuffer>): JobRequest {
  return { query, headers: { 'content-type': type }, body };
}

/** Options come before the file, which is read while it arrives. */
function multipart(options: JobOptions, name: string, bytes: Buffer<ArrayBuffer>): JobRequest {
  const form = new FormData();
  for (const [option, value] of Object.entries(options)) form.append(option, value);
  form.append('file', new Blob([bytes]), name);
  return { query: {}, headers: {}, body: form };
}

function gzipped(text: string): Buffer<ArrayBuffer> {
  return Buffer.from(gzipSync(text));
}

/** A line each, with the blank lines that editors leave: those are no lines to account for. */
function plainText(cells: readonly string[]): string {
  return cells.map((cell, index) => (index % 1_000 === 999 ? `${cell}\n\n` : `${cell}\n`)).join('');
}

/** As a spreadsheet exports it: a header, names in quotes that hold the separator, notes of two lines. */
function table(cells: readonly string[], separator: string, lineEnd: string): string {
  const header = ['id', 'name', 'phone', 'note'].join(separator);
  const records = cells.map((cell, index) => {
    const name = index % 7 === 0 ? `"Müller${separator} ""Ana"""` : `client ${index}`;
    const note = index % 500 === 0 ? `"two${lineEnd}lines"` : '';
    return [`c-${index}`, name, cell, note].join(separator);
  });
  return [header, ...records, ''].join(lineEnd);
}
