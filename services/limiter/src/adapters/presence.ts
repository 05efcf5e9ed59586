import { NoRespondersError, RequestError } from '@nats-io/nats-core';
import type { Machine } from '@paceline/shared/clock';
import { catalog, type PartitionOwnership } from '@paceline/shared/contracts';
import { type Bus, listen, request, respond, signal } from '@paceline/shared/messaging';
import { cutOff, heard, type Members, notConnected, roundPassed, toAskAfter } from '../core/members.ts';

/** Real ms from hearing a beat of our own to the next one. */
const beatEvery = 250;
/** Real ms after which a beat that was never heard is followed by another: the broker may be back. */
const beatAnyway = 1_000;
/** Real ms to wait for word from a member that has fallen silent. A frozen one never answers. */
const patience = 1_000;
/** The first beat that comes back begins the first round. */
const roundsToListen = 2;

export interface PresenceParts {
  readonly bus: Bus;
  readonly machine: Machine;
  readonly limiter: string;
  readonly owns: () => PartitionOwnership[];
  /** Called at the end of each of our rounds. */
  readonly onRound: () => void;
  /** Called when something new is known of the others. */
  readonly onNews: () => void;
}

/** Tells the other limiters that we are there, and knows which of them are. */
export interface Presence {
  members(): Members;
  /** Whether we have listened for long enough to know of everybody. */
  hasListened(): boolean;
  /** Tells at once what we own. */
  tell(): void;
  leave(): void;
}

/** Not divided: each beat that comes back ages the members, and each loss of the connection forgives both. */
export function startPresence({ bus, machine, limiter, owns, onRound, onNews }: PresenceParts): Presence {
  let members: Members = new Map();
  let beat = 0;
  let beatHeard = 0;
  let rounds = -1;
  let leaving = false;
  let callOff = () => {};

  const tell = () => {
    // A shutdown that has run out of time closes the connection before everything is handed over.
    if (bus.connection.isDraining() || bus.connection.isClosed()) return;
    signal(bus, catalog.heartbeat, {}, { limiter, sequence: beat, owns: owns(), leaving });
  };

  const sendBeat = () => {
    callOff();
    beat += 1;
    tell();
    callOff = machine.after(beatAnyway, sendBeat);
  };

  const hearOwn = (own: number) => {
    // Beats that waited for the broker come back all at once: together they are one round.
    if (own !== beat || own === beatHeard) return;
    beatHeard = own;
    callOff();
    callOff = machine.after(beatEvery, sendBeat);
    rounds += 1;
    members = roundPassed(members);
    for (const silent of toAskAfter(members)) void askAfter(silent);
    onRound();
  };

  async function askAfter(silent: string): Promise<void> {
    try {
      await request(bus, catalog.ping, { limiter: silent }, {}, patience);
    } catch (error) {
      if (!isNobody(error) || leaving) return;
      members = notConnected(members, silent);
      onNews();
    }
  }

  const subscriptions = [
    respond(bus, catalog.ping, { limiter }, (_, reply) => reply({})),
    listen(bus, catalog.heartbeat, {}, (presence) => {
      if (presence.limiter === limiter) {
        hearOwn(presence.sequence);
        return;
      }
      const isNew = !presence.leaving && !members.has(presence.limiter);
      members = heard(members, presence);
      if (isNew) tell();
      onNews();
    }),
  ];

  void (async () => {
    for await (const { type } of bus.connection.status()) {
      if (leaving) return;
      if (type === 'disconnect') members = cutOff(members);
      // What was said while the broker was away did not reach it.
      if (type === 'reconnect') sendBeat();
    }
  })();
  sendBeat();

  return {
    members: () => members,
    hasListened: () => rounds >= roundsToListen,
    tell: () => {
      if (!leaving) tell();
    },
    leave() {
      leaving = true;
      callOff();
      for (const subscription of subscriptions) subscription.unsubscribe();
      tell();
    },
  };
}

const isNobody = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
