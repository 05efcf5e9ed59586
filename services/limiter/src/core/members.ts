import type { PartitionOwnership, Heartbeat } from '@paceline/shared/contracts';

/** Another limiter, as known from its last heartbeat. */
export interface Member {
  readonly owns: readonly PartitionOwnership[];
  /** Our rounds since then. */
  readonly silentRounds: number;
  /** Whether that heartbeat arrived on our current connection. */
  readonly seenOnThisConnection: boolean;
}

/**
 * The other live limiters, by id. Silence is counted in rounds, which are heartbeats of our own that came back to us.
 * None come back while this process is frozen or the broker is down, so no member is declared dead then.
 */
export type Members = ReadonlyMap<string, Member>;

/** Silent rounds after which a member is removed: it, or its host, is frozen. */
const leaseRounds = 8;
/** Silent rounds after which a member is pinged: a killed process is no longer connected. */
const pingAfterRounds = 2;

export function heartbeatReceived(members: Members, { limiter, owns, leaving }: Heartbeat): Members {
  if (leaving) return without(members, limiter);
  return new Map(members).set(limiter, { owns, silentRounds: 0, seenOnThisConnection: true });
}

/** Counts one more round, and removes members whose lease has ended. */
export function roundEnded(members: Members): Members {
  const older = [...members].map(
    ([id, member]) => [id, { ...member, silentRounds: member.silentRounds + 1 }] as const,
  );
  return new Map(older.filter(([, { silentRounds }]) => silentRounds < leaseRounds));
}

/** Our connection was lost. Other limiters may have lost theirs too, and may reconnect later than we do. */
export function connectionLost(members: Members): Members {
  const reset = { silentRounds: 0, seenOnThisConnection: false };
  return new Map([...members].map(([id, member]) => [id, { ...member, ...reset }] as const));
}

export const membersToPing = (members: Members): string[] =>
  [...members].flatMap(([id, { silentRounds, seenOnThisConnection }]) =>
    silentRounds === pingAfterRounds && seenOnThisConnection ? [id] : [],
  );

/** A ping found a member not connected: it is removed, unless a heartbeat came in the meantime. */
export function memberNotConnected(members: Members, limiter: string): Members {
  const member = members.get(limiter);
  return member && member.silentRounds >= pingAfterRounds ? without(members, limiter) : members;
}

const without = (members: Members, limiter: string): Members =>
  new Map([...members].filter(([id]) => id !== limiter));
