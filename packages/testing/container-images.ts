/** What docker-compose.yml runs, which a check holds it to. */
export const containerImages = { postgres: 'postgres:17', valkey: 'valkey/valkey:8' } as const;
