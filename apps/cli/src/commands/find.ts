import { type Api, ApiProblem, type Command, type Freshness, type RunDetail } from '@paceline/client';
import { UsageError } from '../core/usage.ts';

/** Undefined if the API does not have it, or if its id cannot be one. */
export const ifFound = <T>(response: Promise<T>): Promise<T | undefined> => unless([400, 404], response);
/** Undefined while the service that provides it is down. */
export const ifAvailable = <T>(response: Promise<T>): Promise<T | undefined> => unless([503], response);

async function unless<T>(statuses: readonly number[], response: Promise<T>): Promise<T | undefined> {
  try {
    return await response;
  } catch (error) {
    if (error instanceof ApiProblem && statuses.includes(error.status)) return undefined;
    throw error;
  }
}

/** The planned calls, and the events that wait without one; none while event-sync is down. */
export const readNextCalls = async (api: Api): Promise<Freshness['nextCalls']> =>
  (await ifAvailable(api.call('GET /v1/freshness', { query: { limit: 500 } })))?.nextCalls ?? [];

/** @throws {Error} if there is none */
export function required<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`${what} does not exist`);
  return found;
}

/** The run with an id, or with its first characters. @throws {UsageError} */
export const findRun = (api: Api, id: string): Promise<RunDetail | undefined> =>
  findByStart(
    id,
    (runId) => api.call('GET /v1/runs/{runId}', { path: { runId } }),
    async () => (await api.call('GET /v1/runs', { query: { limit: 500 } })).items.map(({ runId }) => runId),
  );

/** The command with an id, or with its first characters. @throws {UsageError} */
export const findCommand = (api: Api, id: string): Promise<Command | undefined> =>
  findByStart(
    id,
    (commandId) => api.call('GET /v1/commands/{commandId}', { path: { commandId } }),
    async () =>
      (await api.call('GET /v1/commands', { query: { limit: 500 } })).items.map(({ commandId }) => commandId),
  );

/** Characters; an empty variable of a script must not match a request. */
const shortestId = 4;

/** @param recentIds of the 500 newest */
async function findByStart<T>(
  id: string,
  get: (id: string) => Promise<T>,
  recentIds: () => Promise<string[]>,
): Promise<T | undefined> {
  if (id.length < shortestId) throw new UsageError(`"${id}" is too short for an id`);
  const found = await ifFound(get(id));
  if (found !== undefined) return found;
  const [match, second] = (await recentIds()).filter((each) => each.startsWith(id));
  if (second !== undefined) throw new UsageError(`Several ids start with ${id}`);
  return match === undefined ? undefined : get(match);
}
