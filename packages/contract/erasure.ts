import { z } from 'zod';
import { phoneNumberSchema } from './phone-number.ts';
import { onRequestOf } from './suppression.ts';

export const erasureIdSchema = z
  .string()
  .regex(/^ers_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  .meta({
    id: 'ErasureId',
    description: 'Id of an erasure.',
    examples: ['ers_01929d3e-c000-7a31-9f5c-0242ac120007'],
  });

const time = (description: string, example = '2024-08-01T09:30:00.000Z') =>
  z.iso.datetime().meta({ description, examples: [example] });
const sha256 = (description: string) =>
  z
    .string()
    .nullable()
    .meta({
      description,
      examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    });

const secretId = z.string().meta({ description: 'Id of the secret.', examples: ['2024'] });
const hmac = z.string().meta({
  description: 'In hex digits.',
  examples: ['0b7a3f1c2f8f5d0e6d9c4b1a7e5f3d2c1b0a9f8e7d6c5b4a39281706f5e4d3c2'],
});

/** What asks for an erasure with the number in the body, where no proxy writes it into its log. */
export const askErasureBodySchema = z
  .strictObject({ number: phoneNumberSchema, ...onRequestOf })
  .meta({ id: 'AskErasure' });

/** The receipt of an erasure: what was done, and no number. */
export const erasureSchema = z
  .object({
    id: erasureIdSchema,
    state: z.enum(['waiting', 'done']).meta({
      description:
        'waiting: a worker has it in hand, or takes it within seconds. done: the number is in no row and no file.',
    }),
    reference: z
      .object({
        secret: secretId,
        hmac_sha256: z.string().meta({
          description:
            'HMAC-SHA-256 of the number, as +E.164, under that secret: who has both can tell whose receipt it is.',
          examples: ['b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9'],
        }),
      })
      .meta({ description: 'What the receipt is about, without the number.' }),
    asked_by: z.string().meta({
      description: 'Id and name of the API key.',
      examples: ['key_01929d3e-8c00-7a31-9f5c-0242ac120005 (privacy)'],
    }),
    requested_by: z
      .string()
      .meta({ description: 'Who asked for it.', examples: ['privacy@example.com'] }),
    reason: z
      .string()
      .meta({ description: 'Why, as was said.', examples: ['Art. 17 request of 2024-08-01'] }),
    asked_at: time('When it was asked for.'),
    due_at: time('When it is done at the latest: 72 hours later.', '2024-08-04T09:30:00.000Z'),
    done_at: z.iso
      .datetime()
      .nullable()
      .meta({
        description: 'When it was done; null: it is not.',
        examples: ['2024-08-01T09:30:06.000Z'],
      }),
    removed: z.record(z.string(), z.int()).meta({
      description:
        'Rows that were removed or changed, by table. `job_numbers`: jobs that had the number; `results`: answers.',
      examples: [{ job_numbers: 2, results: 2, rejects: 1 }],
    }),
    recipients: z
      .array(
        z.object({
          account: z.string().meta({ description: 'The account.', examples: ['checknumber'] }),
          provider: z.string().meta({
            description: 'Where its uploads went: scheme, host and port.',
            examples: ['https://api.checknumber.example'],
          }),
          uploads: z
            .array(
              z.object({
                attempt_id: z.string().meta({
                  description: 'Id of the upload.',
                  examples: ['att_01929d3e-9400-7a31-9f5c-0242ac120004'],
                }),
                chunk_id: z.string().meta({
                  description: 'Id of its chunk, which tells the provider’s task.',
                  examples: ['chk_01929d3e-9000-7a31-9f5c-0242ac120003'],
                }),
                sent_at: time('When it was begun.'),
              }),
            )
            .meta({ description: 'Uploads that had the number, or may have had it.' }),
        }),
      )
      .meta({
        description:
          'Whom the number was sent to, or may have been (Art. 19 of the GDPR), from jobs whose rows were kept. Empty as well while jobs are still to be looked through.',
      }),
    files: z
      .array(
        z.object({
          file: z.string().meta({
            description: 'Id of the upload (its job’s) or of the result file.',
            examples: ['job_01929d3e-8c00-7a31-9f5c-0242ac120002'],
          }),
          kind: z
            .enum(['upload', 'artifact'])
            .meta({ description: 'upload, or artifact: a result file.' }),
          state: z.enum(['waiting', 'rewritten', 'removed']).meta({
            description: 'removed: it could not be written anew, and its bytes are gone.',
          }),
          old: z
            .object({ secret: secretId, hmac_sha256: hmac })
            .nullable()
            .meta({
              description:
                'HMAC-SHA-256 of the SHA-256 of its bytes before, in hex digits, under a secret: by the SHA-256 itself anybody who has the file could try numbers. Null: it is not written anew yet.',
              examples: [
                {
                  secret: '2024',
                  hmac_sha256: '0b7a3f1c2f8f5d0e6d9c4b1a7e5f3d2c1b0a9f8e7d6c5b4a39281706f5e4d3c2',
                },
              ],
            }),
          new_sha256: sha256('SHA-256 of its bytes now; null: it has none.'),
        }),
      )
      .meta({ description: 'Files that had the number.' }),
  })
  .meta({ id: 'Erasure' });

export type Erasure = z.input<typeof erasureSchema>;
