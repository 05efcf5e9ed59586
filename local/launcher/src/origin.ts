import { parseClock } from '@paceline/shared/clock';
import { type Marks, type Origin, origin, originOf } from '@paceline/shared/contracts';
import { assertOwnState } from '@paceline/shared/runtime';
import type { StateFolder } from './state.ts';

const file = 'origin';

/**
 * @param kept the servers whose state is in the folder
 * @throws {ConfigError} when it belongs to another upstream or clock
 */
export async function assertOwnFolder(
  state: StateFolder,
  own: Origin,
  kept: ReadonlyArray<keyof Marks>,
): Promise<void> {
  const mark = await originIn(state);
  assertOwnState(Object.fromEntries(kept.map((server) => [server, mark])), own);
}

async function originIn(state: StateFolder): Promise<Origin | undefined> {
  const marked = await state.read(file);
  if (marked !== undefined) return origin.parse(JSON.parse(marked));
  // Earlier versions did not mark their state, but only a sandbox has a stored clock.
  const isUsed = (await state.read('nats-password-provision')) !== undefined;
  const clock = await state.read('clock');
  return isUsed && clock !== undefined ? originOf(undefined, parseClock(clock)) : undefined;
}

/** Marks the folder's state as belonging to this upstream and clock, unless it is marked already. */
export async function markFolder(state: StateFolder, own: Origin): Promise<void> {
  await state.readOrCreate(file, () => JSON.stringify(own));
}
