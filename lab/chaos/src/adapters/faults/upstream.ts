import type { FaultKind } from '@paceline/sandbox';
import type { Inflict } from './inflict.ts';

/** The next calls go wrong, each in the next of these ways; what has not gone wrong by the end is called off. */
export const storm =
  (...kinds: readonly FaultKind[]): Inflict =>
  async ({ upstream }, { amount }) => {
    const each = Math.ceil(amount / kinds.length);
    for (const kind of kinds) await upstream.befall({ kind, times: each });
    return () => upstream.callOff();
  };

/** Upstream dies and comes back; it has forgotten whom it counted. */
export const upstreamRestart: Inflict = async (stage, { targets }) => {
  const [name = ''] = targets;
  await stage.process(name).crash();
  return async () => {
    await stage.process(name).start();
    await stage.upstream.callOff();
  };
};
