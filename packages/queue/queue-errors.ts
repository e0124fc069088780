/** Redis may throw keys away under memory pressure, and with them doorbells and BullMQ's own bookkeeping. */
export class RedisEvicts extends Error {
  override readonly name = 'RedisEvicts';
  readonly code = 'redis_evicts';
  readonly policy: string;

  constructor(policy: string) {
    super(
      `Redis runs with maxmemory-policy ${policy} and may evict queue keys. ` +
        'Set maxmemory-policy to noeviction, or leave REDIS_URL out to keep the queue in Postgres.',
    );
    this.policy = policy;
  }
}

/** Redis answers, but will not say what its maxmemory-policy is, so it cannot be shown to be safe. */
export class RedisCannotBeAsked extends Error {
  override readonly name = 'RedisCannotBeAsked';
  readonly code = 'redis_cannot_be_asked';

  constructor(cause?: unknown) {
    super(
      'Redis does not tell its maxmemory-policy. Allow the INFO command to the user in REDIS_URL ' +
        '(BullMQ needs it too), or leave REDIS_URL out to keep the queue in Postgres.',
      { cause },
    );
  }
}

/** Postgres could not be reached, or BullMQ's schema could not be made in it. */
export class QueueDatabaseUnreachable extends Error {
  override readonly name = 'QueueDatabaseUnreachable';
  readonly code = 'queue_database_unreachable';

  constructor(cause: unknown) {
    super(
      'The queue could not be opened in Postgres. Check DATABASE_URL, and that its role may create the schema bullmq.',
      { cause },
    );
  }
}
