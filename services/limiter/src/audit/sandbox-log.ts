import { CannotAudit } from './arguments.ts';
import type { Arrival } from './core/arrivals.ts';

/**
 * Everything that arrived at a sandbox, as its audit log has it.
 * @param root its root, without `/api`
 * @throws {CannotAudit} when no sandbox answers there
 */
export async function fetchArrivals(root: string): Promise<Arrival[]> {
  const url = new URL('control/audit', root.endsWith('/') ? root : `${root}/`);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const { arrivals } = (await response.json()) as { arrivals: unknown };
    if (!Array.isArray(arrivals) || !arrivals.every(isArrival))
      throw new Error('it answered with no audit log');
    return arrivals;
  } catch (error) {
    throw new CannotAudit(`No sandbox answers at ${root} (${(error as Error).message})`);
  }
}

const isArrival = (each: unknown): each is Arrival => {
  const { arrivedAt, key } = (each ?? {}) as Partial<Arrival>;
  return typeof arrivedAt === 'number' && typeof key === 'string';
};
