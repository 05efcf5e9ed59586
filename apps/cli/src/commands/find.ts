import { type Api, ApiProblem, type RunDetail } from '@paceline/client';
import { UsageError } from '../core/usage.ts';

/** The run with an id, or with its first characters. @throws {ApiProblem | UsageError} */
export const findRun = (api: Api, id: string): Promise<RunDetail> =>
  findByStart(
    id,
    (runId) => api.call('GET /v1/runs/{runId}', { path: { runId } }),
    async () => (await api.call('GET /v1/runs', { query: { limit: 500 } })).items.map(({ runId }) => runId),
  );

/** @param recentIds of the 500 newest */
async function findByStart<T>(
  id: string,
  get: (id: string) => Promise<T>,
  recentIds: () => Promise<string[]>,
): Promise<T> {
  try {
    return await get(id);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
    const [match, second] = (await recentIds()).filter((each) => each.startsWith(id));
    if (match === undefined) throw error;
    if (second !== undefined) throw new UsageError(`Several ids start with ${id}`);
    return get(match);
  }
}
