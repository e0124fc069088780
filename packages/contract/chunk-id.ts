import { z } from 'zod';

/** A chunk's public id: `chk_` and a UUIDv7. A hold is named by its chunk too. */
export const chunkIdSchema = z
  .string()
  .regex(/^chk_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  .meta({
    id: 'ChunkId',
    description: 'Id of a chunk: one upload to one account. A hold is named by its chunk.',
    examples: ['chk_01929d3e-8c00-7a31-9f5c-0242ac120003'],
  });
