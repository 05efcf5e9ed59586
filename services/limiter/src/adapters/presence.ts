import { NoRespondersError, RequestError } from '@nats-io/nats-core';
import type { Machine } from '@paceline/shared/clock';
import { catalog, type PartitionOwnership } from '@paceline/shared/contracts';
import { type Bus, subscribe, request, respond, signal } from '@paceline/shared/messaging';
import {
  connectionLost,
  heartbeatReceived,
  type Members,
  memberNotConnected,
  membersToPing,
  roundEnded,
} from '../core/members.ts';

/** Real ms from receiving our own heartbeat to sending the next one. */
const heartbeatInterval = 250;
/** The same while there is no other limiter: a new one is answered at once. */
const heartbeatIntervalAlone = 1_000;
/** Real ms after which a heartbeat that did not come back is followed by another: the broker may be back. */
const resendAfter = 1_000;
/** Real ms to wait for the answer to a ping. A frozen limiter never answers. */
const pingTimeout = 1_000;
/** The first heartbeat that comes back starts the first round. */
const roundsToSync = 2;

export interface PresenceParts {
  readonly bus: Bus;
  readonly machine: Machine;
  readonly limiter: string;
  readonly owns: () => PartitionOwnership[];
  /** Called at the end of each of our rounds. */
  readonly onRound: () => void;
  /** Called when another limiter's state has changed. */
  readonly onChange: () => void;
}

/** Publishes heartbeats of this limiter, and tracks the others by theirs. */
export interface LimiterPresence {
  members(): Members;
  /** Whether every live limiter has had time to be seen. */
  isSynced(): boolean;
  /** Publishes what we own immediately. */
  announce(): void;
  leave(): void;
}

/** One function: every heartbeat that comes back ages the members, and a lost connection resets both. */
export function startPresence({
  bus,
  machine,
  limiter,
  owns,
  onRound,
  onChange,
}: PresenceParts): LimiterPresence {
  let members: Members = new Map();
  let sequence = 0;
  let receivedSequence = 0;
  let rounds = -1;
  let leaving = false;
  let cancelTimer = () => {};

  const announce = () => {
    // A shutdown that ran out of time closes the connection before every partition is released.
    if (bus.connection.isDraining() || bus.connection.isClosed()) return;
    signal(bus, catalog.heartbeat, {}, { limiter, sequence, owns: owns(), leaving });
  };

  const sendHeartbeat = () => {
    cancelTimer();
    sequence += 1;
    announce();
    cancelTimer = machine.after(resendAfter, sendHeartbeat);
  };

  const receiveOwn = (own: number) => {
    // Heartbeats that were held up by the broker arrive together: they count as one round.
    if (own !== sequence || own === receivedSequence) return;
    receivedSequence = own;
    cancelTimer();
    rounds += 1;
    members = roundEnded(members);
    const isAlone = members.size === 0 && rounds >= roundsToSync;
    cancelTimer = machine.after(isAlone ? heartbeatIntervalAlone : heartbeatInterval, sendHeartbeat);
    for (const silent of membersToPing(members)) void ping(silent);
    onRound();
  };

  async function ping(silent: string): Promise<void> {
    try {
      await request(bus, catalog.ping, { limiter: silent }, {}, pingTimeout);
    } catch (error) {
      if (!isNotConnected(error) || leaving) return;
      members = memberNotConnected(members, silent);
      onChange();
    }
  }

  const subscriptions = [
    respond(bus, catalog.ping, { limiter }, (_, reply) => reply({})),
    subscribe(bus, catalog.heartbeat, {}, (heartbeat) => {
      if (heartbeat.limiter === limiter) {
        receiveOwn(heartbeat.sequence);
        return;
      }
      const isNew = !heartbeat.leaving && !members.has(heartbeat.limiter);
      members = heartbeatReceived(members, heartbeat);
      if (isNew) sendHeartbeat();
      onChange();
    }),
  ];

  void (async () => {
    for await (const { type } of bus.connection.status()) {
      if (leaving) return;
      if (type === 'disconnect') members = connectionLost(members);
      // Heartbeats sent while the broker was down were lost.
      if (type === 'reconnect') sendHeartbeat();
    }
  })();
  sendHeartbeat();

  return {
    members: () => members,
    isSynced: () => rounds >= roundsToSync,
    announce: () => {
      if (!leaving) announce();
    },
    leave() {
      leaving = true;
      cancelTimer();
      for (const subscription of subscriptions) subscription.unsubscribe();
      announce();
    },
  };
}

const isNotConnected = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
