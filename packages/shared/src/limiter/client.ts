import type { Budget } from '../definition/index.ts';
import { type Clock, pause } from '../clock/index.ts';
import { type PermitRequestOf, catalog, type Outcome } from '../contracts/index.ts';
import { type Bus, listen } from '../messaging/index.ts';
import { currentTraceContext, inSpan, type Span } from '../telemetry/index.ts';
import { partitionOf } from './account.ts';
import { type Asker, createAsker } from './asker.ts';
import { measureWait } from './measure-wait.ts';
import { type Limiter, type PermitAsk, PermitRefused } from './permit.ts';
import { policyOf } from './policy-of.ts';
import { type StartedPermit, startedPermit } from './started-permit.ts';
import { createTurns, type Turns } from './turns.ts';
import { waitEvents } from './wait-events.ts';

/** The limiter's clients of one process: what several accounts ask for in one event-loop turn travels together. */
export interface Limiters {
  /** The one of this account: see `accountOf`. */
  of(account: string): Limiter;
  /** Ends every wait, gives back what was waited for, and lets what was called be settled. */
  close(): Promise<void>;
}

/** The way to one partition's owner, whoever that is. */
interface Desk {
  readonly asker: Asker;
  readonly turns: Turns;
}

/** Real ms before a limiter that did not answer is asked again. */
const askAgainAfter = 250;

export function createLimiters(bus: Bus, clock: Clock): Limiters {
  const client = crypto.randomUUID();
  const closing = new AbortController();
  const settling = new Set<Promise<void>>();
  const desks = new Map<number, Desk>();
  const subscriptions = [
    listen(bus, catalog.offer, { client }, (offer) => {
      for (const { turns } of desks.values()) turns.come(offer);
    }),
  ];

  function deskOf(partition: number): Desk {
    const known = desks.get(partition);
    if (known) return known;
    const desk = { asker: createAsker(bus, partition), turns: createTurns(clock.machine) };
    desks.set(partition, desk);
    // A new owner knows of nobody. The sooner it has heard all, the sooner it grants, and the most urgent first.
    const opened = listen(bus, catalog.opened, { partition }, () => {
      desk.turns.askAgain();
      desk.asker.giveUp();
    });
    subscriptions.push(opened);
    return desk;
  }

  return {
    of: (account) => ({
      policyOf: (endpoint) => policyOf(bus, clock.machine, account, endpoint, closing.signal),
      ...limiterOf({
        ...deskOf(partitionOf(account)),
        account,
        client,
        clock,
        settling,
        closing: closing.signal,
      }),
    }),
    async close() {
      closing.abort(new Error('the limiter client was closed'));
      for (const subscription of subscriptions) subscription.unsubscribe();
      await Promise.race([Promise.all(settling), pause(clock.machine, 2_000)]);
    },
  };
}

interface LimiterParts extends Desk {
  readonly account: string;
  /** Where offers are sent. */
  readonly client: string;
  readonly clock: Clock;
  /** What is still to be acknowledged. */
  readonly settling: Set<Promise<void>>;
  readonly closing: AbortSignal;
}

/** Every wait, retry and settle behind `withPermit`. */
function limiterOf({
  asker,
  turns,
  account,
  client,
  clock,
  settling,
  closing,
}: LimiterParts): Pick<Limiter, 'withPermit'> {
  const { machine } = clock;
  /**
   * Asks until there is a permit; what it is told in the meantime goes to the asker and to the span. The first ask
   * starts the permit in the same breath if it is free; whoever has waited may have changed its mind. `sendBy`: until
   * when a started permit can be sent, by this process's monotonic clock.
   */
  async function acquire(
    ask: PermitRequestOf<'acquire'>,
    wanted: PermitAsk<Budget>,
    signal: AbortSignal,
    span: Span,
  ): Promise<{ permit: string; sendBy?: number }> {
    const promise: { promisedAt?: number } = {};
    const show = waitEvents(span);
    for (let start = true; ; start = false) {
      signal.throwIfAborted();
      const turn = turns.await(ask.ticket);
      const sentAt = machine.elapsed();
      const answer = await asker.ask({ ...ask, ...promise, start });
      switch (answer.answer) {
        case 'started':
          return { permit: answer.permit, sendBy: sentAt + answer.sendBy };
        case 'granted':
          return { permit: answer.permit };
        case 'refused':
          throw new PermitRefused(ask.endpoint, answer.earliest);
        case 'waiting': {
          show(answer);
          wanted.onWaiting?.(answer);
          promise.promisedAt ??= answer.estimatedAt;
          const offered = await turn.within(answer.askAgainIn, signal);
          if (offered) return offered;
          break;
        }
        default: {
          const offered = await turn.within(askAgainAfter, signal);
          if (offered) return offered;
        }
      }
    }
  }

  /** Books the call and returns by when it must be sent; undefined when the permit ran out before. */
  async function start(endpoint: Budget, permit: string, signal: AbortSignal): Promise<number | undefined> {
    for (;;) {
      const trace = currentTraceContext();
      const sentAt = machine.elapsed();
      const answer = await asker.ask({ do: 'start', account, endpoint, permit, trace });
      if (answer.answer === 'started') return sentAt + answer.sendBy;
      if (answer.answer === 'expired') return undefined;
      signal.throwIfAborted();
      await pause(machine, askAgainAfter);
    }
  }

  /**
   * Repeats until it is acknowledged: until then the limiter has to assume the worst. An outcome that can't be sent as
   * it is, is sent without what upstream said beside its status.
   */
  function settle(endpoint: Budget, permit: string, outcome: Outcome): void {
    const { result, status } = outcome;
    const bare: Outcome = { result, ...(status === undefined ? {} : { status }) };
    const settled = (async () => {
      for (let lastTry = false; !lastTry;) {
        lastTry = closing.aborted;
        const ask = { do: 'settle', account, endpoint, permit } as const;
        const { answer } = await asker
          .ask({ ...ask, outcome })
          .catch(() => asker.ask({ ...ask, outcome: bare }));
        if (answer === 'settled') return;
        await pause(machine, askAgainAfter);
      }
    })().finally(() => settling.delete(settled));
    settling.add(settled);
  }

  async function obtain<E extends Budget>(wanted: PermitAsk<E>, span: Span): Promise<StartedPermit<E>> {
    const ticket = crypto.randomUUID();
    const signal = wanted.signal ? AbortSignal.any([wanted.signal, closing]) : closing;
    const { endpoint, lane, deadline, slotId } = wanted;
    const firstAskedAt = Math.round(wanted.firstAskedAt ?? clock.now());
    const ask: PermitRequestOf<'acquire'> = {
      do: 'acquire',
      ticket,
      account,
      endpoint,
      lane,
      firstAskedAt,
      offerTo: client,
      trace: currentTraceContext(),
      ...(deadline === undefined ? {} : { deadline: Math.round(deadline) }),
      ...(slotId === undefined ? {} : { slotId }),
    };
    try {
      for (;;) {
        // The limiter counts from when it hears an ask, this side from when it sent it: the stricter one.
        const { permit, sendBy: atOnce } = await acquire(ask, wanted, signal, span);
        span.addEvent('granted', { permit });
        const sendBy = atOnce ?? (await start(endpoint, permit, signal));
        if (sendBy !== undefined) {
          span.addEvent('started', { permit });
          return startedPermit(permit, endpoint, sendBy, machine, (outcome) =>
            settle(endpoint, permit, outcome),
          );
        }
        span.addEvent('permit expired before it was started, asking again');
      }
    } catch (error) {
      void asker.ask({ do: 'cancel', account, endpoint, id: ticket }).catch(() => undefined);
      throw error;
    } finally {
      turns.leave(ticket);
    }
  }

  return {
    async withPermit(wanted, use) {
      const { endpoint, lane } = wanted;
      const attributes = { 'paceline.endpoint': endpoint, 'paceline.lane': lane };
      const obtaining = inSpan(`permit ${endpoint}`, { attributes }, (span) => obtain(wanted, span));
      const started = await measureWait(clock, wanted, obtaining);
      try {
        return await use(started.permit);
      } finally {
        started.finish();
      }
    },
  };
}
