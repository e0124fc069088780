import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { line } from './line.ts';
import { accountIdSchema, checkNameSchema } from './names.ts';
import { prioritySchema } from './priority.ts';

const fields = {
  check: checkNameSchema,
  purpose: line(500).meta({
    description: 'Why these numbers are checked. Required: they are personal data.',
    examples: ['fraud review 2024-31'],
  }),
  requested_by: line(200).meta({
    description: 'The person or system that asked for the check.',
    examples: ['ana@example.com'],
  }),
  name: line(200)
    .optional()
    .meta({ description: 'A name of your own for the job.', examples: ['spring list'] }),
  account: accountIdSchema.optional().meta({
    description: "The account that answers; the check's default account if absent.",
    examples: ['checknumber'],
  }),
  default_region: z
    .string('write a region as two capital letters')
    .regex(/^[A-Z]{2}$/, 'write a region as two capital letters')
    .optional()
    .meta({
      description:
        'ISO 3166-1 region in which numbers without a country code are read. Without it they are rejected.',
      examples: ['GB'],
    }),
  max_cost: amountSchema.optional().meta({
    description: "Most that the job may spend, in the account's currency.",
    examples: ['25.00'],
  }),
};

const column = line(200)
  .optional()
  .meta({
    description:
      'For csv, tsv and xlsx: the column that holds the numbers, by name or by position counted from 1. If absent, the one that holds numbers; several that do are refused.',
    examples: ['phone'],
  });

/** A whole number written as text, as forms and query strings carry it. */
const priorityText = z
  .string('write a whole number')
  .regex(/^-?\d{1,3}$/, 'write a whole number from -100 to 100')
  .transform(Number)
  .pipe(prioritySchema)
  .optional()
  .meta({
    override: { type: 'integer', minimum: -100, maximum: 100 },
    description: 'Higher goes first; 0 if absent.',
    examples: [0],
  });

/** Options of a job whose numbers come as a file: in the query string, or as fields of a multipart form. */
export const createJobOptionsSchema = z
  .strictObject({ ...fields, column, priority: priorityText })
  .meta({ id: 'CreateJobOptions' });

/** The fields of a JSON body, `numbers` aside: those are read as a stream and never validated as one value. */
export const createJobFieldsSchema = z.strictObject({
  ...fields,
  priority: prioritySchema
    .optional()
    .meta({ description: 'Higher goes first; 0 if absent.', examples: [0] }),
});

const withRawFile = 'Required with a raw file; refused with application/json and forms.';

/** The query string as documented: the options of a raw file. */
export const createJobQuerySchema = createJobOptionsSchema.partial().extend({
  check: checkNameSchema.optional().meta({
    description: `What is asked of every number. ${withRawFile}`,
    examples: ['telegram'],
  }),
  purpose: fields.purpose.optional().meta({
    description: `Why these numbers are checked. ${withRawFile}`,
    examples: ['fraud review 2024-31'],
  }),
  requested_by: fields.requested_by.optional().meta({
    description: `The person or system that asked for the check. ${withRawFile}`,
    examples: ['ana@example.com'],
  }),
});

/** The JSON body as documented. */
export const createJobBodySchema = createJobFieldsSchema
  .extend({
    numbers: z
      .array(z.union([z.string(), z.int()]))
      .min(1)
      .meta({
        description:
          'Phone numbers, best as +E.164 in texts. Whole numbers are taken as their digits; anything else in it (`null`, `true`, an object) counts as a rejected line. ' +
          '`default_region` must stand before it. Larger lists: send a file.',
        examples: [['+447911123456', '+4915112345678']],
      }),
  })
  .meta({ id: 'CreateJob' });

/** The multipart form as documented: options first, then the file. */
export const createJobFormSchema = createJobOptionsSchema
  .extend({
    file: z.file().meta({
      override: { type: 'string', contentMediaType: 'application/octet-stream' },
      examples: ['(the bytes of the file)'],
      description:
        'txt, csv, tsv or a JSON array, plain or gzip; or an xlsx. `column` and `default_region` must come before it.',
    }),
  })
  .meta({ id: 'CreateJobForm' });

/** `Idempotency-Key`: printable ASCII. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'write 1 to 255 printable ASCII characters without spaces')
  .meta({
    description:
      'Makes creation safe to repeat: the same key with the same upload and options gives the job that was made then. 1 to 255 printable ASCII characters ' +
      'without spaces; counts within the tenant, for at least 31 days.',
    examples: ['9f1c2f7e-import-31'],
  });

/** What a job is told, once parsed, whichever form it came in. */
export type CreateJobOptions = z.output<typeof createJobOptionsSchema>;
