import type { Clock } from '../clock/index.ts';
import { type AskOf, type Budget, catalog, type Outcome } from '../contracts/index.ts';
import { type Bus, listen } from '../messaging/index.ts';
import { currentTraceContext, inSpan, type Span } from '../telemetry/index.ts';
import { partitionOf } from './account.ts';
import { createAsker } from './asker.ts';
import { type Limiter, type PermitAsk, PermitRefused, type Waiting } from './permit.ts';
import { type StartedPermit, startedPermit } from './started-permit.ts';
import { createTurns } from './turns.ts';

export interface LimiterParts {
  readonly clock: Clock;
  /** Whose windows: see `accountOf`. */
  readonly account: string;
}

/** Real ms before a limiter that did not answer is asked again. */
const askAgainAfter = 250;

/** The limiter's client: every wait, retry and settle behind `withPermit`. */
export function createLimiter(bus: Bus, { clock, account }: LimiterParts): Limiter {
  const client = crypto.randomUUID();
  const partition = partitionOf(account);
  const asker = createAsker(bus, partition);
  const turns = createTurns();
  const settling = new Set<Promise<void>>();
  const closing = new AbortController();
  const offers = listen(bus, catalog.offer, { client }, (offer) => turns.come(offer));
  // A new owner knows of nobody. The sooner it has heard all, the sooner it grants, and the most urgent first.
  const openings = listen(bus, catalog.opened, { partition }, () => {
    turns.askAgain();
    asker.giveUp();
  });

  /**
   * Asks until there is a permit; what it is told in the meantime goes to the asker and to the span. The first ask
   * starts the permit in the same breath if it is free; whoever has waited may have changed its mind.
   */
  async function acquire(
    ask: AskOf<'acquire'>,
    wanted: PermitAsk<Budget>,
    signal: AbortSignal,
    span: Span,
  ): Promise<{ permit: string; sendWithin?: number }> {
    for (let start = true; ; start = false) {
      signal.throwIfAborted();
      const turn = turns.await(ask.ticket);
      const answer = await asker.ask({ ...ask, start });
      switch (answer.answer) {
        case 'started':
          return { permit: answer.permit, sendWithin: answer.sendBy };
        case 'granted':
          return { permit: answer.permit };
        case 'refused':
          throw new PermitRefused(ask.endpoint, answer.earliest);
        case 'waiting': {
          tellWaiting(answer, wanted, span);
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

  /** Books the call and returns within how many real ms it must be sent; undefined when the permit ran out before. */
  async function start(endpoint: Budget, permit: string, signal: AbortSignal): Promise<number | undefined> {
    for (;;) {
      const trace = currentTraceContext();
      const answer = await asker.ask({ do: 'start', account, endpoint, permit, trace });
      if (answer.answer === 'started') return answer.sendBy;
      if (answer.answer === 'expired') return undefined;
      signal.throwIfAborted();
      await pause(askAgainAfter);
    }
  }

  /** Repeats until it is acknowledged: until then the limiter has to assume the worst. */
  function settle(endpoint: Budget, permit: string, outcome: Outcome): void {
    const settled = (async () => {
      for (let lastTry = false; !lastTry;) {
        lastTry = closing.signal.aborted;
        const { answer } = await asker.ask({ do: 'settle', account, endpoint, permit, outcome });
        if (answer === 'settled') return;
        await pause(askAgainAfter);
      }
    })().finally(() => settling.delete(settled));
    settling.add(settled);
  }

  async function obtain<E extends Budget>(wanted: PermitAsk<E>, span: Span): Promise<StartedPermit<E>> {
    const ticket = crypto.randomUUID();
    const signal = wanted.signal ? AbortSignal.any([wanted.signal, closing.signal]) : closing.signal;
    const { endpoint, lane, deadline, slotId } = wanted;
    const firstAskedAt = Math.round(wanted.firstAskedAt ?? clock.now());
    const ask: AskOf<'acquire'> = {
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
        // The limiter counts from when it hears of the start, which is later: this side is the stricter one.
        let sentAt = performance.now();
        const { permit, sendWithin: atOnce } = await acquire(ask, wanted, signal, span);
        span.addEvent('granted', { permit });
        if (atOnce === undefined) sentAt = performance.now();
        const sendWithin = atOnce ?? (await start(endpoint, permit, signal));
        if (sendWithin !== undefined) {
          return startedPermit(permit, endpoint, sentAt + sendWithin, (outcome) =>
            settle(endpoint, permit, outcome),
          );
        }
        span.addEvent('permit expired before it was started, asking again');
      }
    } catch (error) {
      void asker.ask({ do: 'cancel', account, endpoint, id: ticket });
      throw error;
    } finally {
      turns.leave(ticket);
    }
  }

  return {
    async withPermit(wanted, use) {
      const { endpoint, lane } = wanted;
      const attributes = { 'paceline.endpoint': endpoint, 'paceline.lane': lane };
      const started = await inSpan(`permit ${endpoint}`, { attributes }, (span) => obtain(wanted, span));
      try {
        return await use(started.permit);
      } finally {
        started.finish();
      }
    },
    async close() {
      closing.abort(new Error('the limiter client was closed'));
      offers.unsubscribe();
      openings.unsubscribe();
      await Promise.race([Promise.all(settling), pause(2_000)]);
    },
  };
}

function tellWaiting(waiting: Waiting, wanted: PermitAsk<Budget>, span: Span): void {
  const { reason, position, estimatedAt } = waiting;
  span.addEvent(reason, { position, estimatedAt: new Date(estimatedAt).toISOString() });
  wanted.onWaiting?.(waiting);
}

const pause = (realMs: number) => new Promise<void>((resolve) => setTimeout(resolve, realMs));
