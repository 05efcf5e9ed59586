import type { PartitionOwnership, Heartbeat } from '@paceline/shared/contracts';

/** Another limiter, as far as it was heard of. */
export interface Member {
  readonly owns: readonly PartitionOwnership[];
  /** How many of our rounds have passed since. */
  readonly silent: number;
  /** Whether that was on the connection that we have now. */
  readonly heardOnThisConnection: boolean;
}

/**
 * The other limiters that are there, by id. Their silence is counted in rounds: beats of our own that came back to us.
 * None come back while this process is frozen or the broker is away, so then nobody is believed to be dead.
 */
export type Members = ReadonlyMap<string, Member>;

/** Silent rounds after which a member is gone: it is frozen, or its host is. */
const lease = 8;
/** Silent rounds after which it is asked whether it is still connected: a killed process is not. */
const worthAsking = 2;

/** What a member says of itself is true from now on. */
export function heard(members: Members, { limiter, owns, leaving }: Heartbeat): Members {
  if (leaving) return without(members, limiter);
  return new Map(members).set(limiter, { owns, silent: 0, heardOnThisConnection: true });
}

/** One more round is over: who was silent for too long is gone. */
export function roundPassed(members: Members): Members {
  const older = [...members].map(([id, member]) => [id, { ...member, silent: member.silent + 1 }] as const);
  return new Map(older.filter(([, { silent }]) => silent < lease));
}

/** Our connection was lost. Others may have lost theirs, and come back later than we do. */
export function cutOff(members: Members): Members {
  const anew = { silent: 0, heardOnThisConnection: false };
  return new Map([...members].map(([id, member]) => [id, { ...member, ...anew }] as const));
}

/** Who has fallen silent, and should be asked after. */
export const toAskAfter = (members: Members): string[] =>
  [...members].flatMap(([id, { silent, heardOnThisConnection }]) =>
    silent === worthAsking && heardOnThisConnection ? [id] : [],
  );

/** A member that was asked after is not connected: it is gone, unless it was heard in the meantime. */
export function notConnected(members: Members, limiter: string): Members {
  const member = members.get(limiter);
  return member && member.silent >= worthAsking ? without(members, limiter) : members;
}

const without = (members: Members, limiter: string): Members =>
  new Map([...members].filter(([id]) => id !== limiter));
