/** A job as far as we look at it. */
export interface JobSeen {
  readonly id: string;
  readonly state: string;
  readonly accepted: number;
  readonly answered: number;
  readonly held: number;
}

export interface ApiClient {
  /** Makes a job and returns its id. Throws with the problem's own words where the API refuses. */
  createJob(request: {
    readonly query: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | Buffer<ArrayBuffer> | FormData;
  }): Promise<string>;
  /** The newest hundred jobs. */
  jobs(): Promise<JobSeen[]>;
  /** Rejected lines of a job by reason. */
  rejectReasons(jobId: string): Promise<Record<string, number>>;
}

/** Speaks to Rollcall's API as any caller does: over HTTP, with a key. */
export function apiClient(apiUrl: string, apiKey: string): ApiClient {
  async function call(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`${apiUrl}${path}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${apiKey}` },
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (response.ok) return answer;
    throw new Error(
      `${init.method ?? 'GET'} ${path.split('?')[0]}: ${response.status} ${String(answer['code'])}: ${String(answer['detail'])}`,
    );
  }
  return {
    async createJob({ query, headers, body }) {
      const path = `/v1/jobs?${new URLSearchParams(query).toString()}`;
      return String((await call(path, { method: 'POST', headers, body }))['id']);
    },
    async jobs() {
      const { data } = await call('/v1/jobs?limit=100');
      return (data as Record<string, unknown>[]).map((job) => {
        const counts = job['counts'] as Record<string, number>;
        const chunks = job['chunks'] as Record<string, number>;
        return {
          id: String(job['id']),
          state: String(job['state']),
          accepted: counts['accepted'] ?? 0,
          answered: counts['answered'] ?? 0,
          held: chunks['held'] ?? 0,
        };
      });
    },
    async rejectReasons(jobId) {
      return (await call(`/v1/jobs/${jobId}`))['reject_reasons'] as Record<string, number>;
    },
  };
}
