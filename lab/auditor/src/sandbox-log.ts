import { CannotAudit } from './arguments.ts';
import type { Arrival, SandboxLog } from './core/arrivals.ts';

/**
 * Everything that arrived at a sandbox, as its audit log has it.
 * @param root its root, without `/api`
 * @throws {CannotAudit} when no sandbox answers there
 */
export async function fetchLog(root: string): Promise<SandboxLog> {
  const url = new URL('control/audit', root.endsWith('/') ? root : `${root}/`);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const { arrivals, clock } = (await response.json()) as { arrivals: unknown; clock?: SandboxClock };
    if (!Array.isArray(arrivals) || !arrivals.every(isArrival))
      throw new Error('it answered with no audit log');
    return { arrivals, ...(clock && { projectTime: (realMs) => clock.zero + realMs * clock.scale }) };
  } catch (error) {
    throw new CannotAudit(`No sandbox answers at ${root} (${(error as Error).message})`);
  }
}

/** `zero`: the project moment at which the machine's clock shows 0. */
interface SandboxClock {
  readonly zero: number;
  readonly scale: number;
}

const isArrival = (each: unknown): each is Arrival => {
  const { arrivedAt, key } = (each ?? {}) as Partial<Arrival>;
  return typeof arrivedAt === 'number' && typeof key === 'string';
};
