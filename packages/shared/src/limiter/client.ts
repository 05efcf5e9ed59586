import { type Clock, type Machine, pause } from '../clock/index.ts';
import { type PermitRequest, type PermitRequestOf, catalog, type Policy } from '../contracts/index.ts';
import type { Budget } from '../definition/index.ts';
import { type Bus, listen, request } from '../messaging/index.ts';
import { currentTraceContext, inSpan, type Span } from '../telemetry/index.ts';
import { partitionOf } from './account.ts';
import { decidePermit, type PermitEffect, type PermitEvent, requestPermit } from './core/permit-protocol.ts';
import { type Limiter, type Permit, type PermitOptions, PermitRefused, PermitSpent } from './permit.ts';
import { createRequester, type Requester } from './requester.ts';
import { measureWait, stateEvents, waitEvents } from './waits.ts';

/** The limiter's clients of one process: what several accounts ask for in one event-loop turn travels together. */
export interface Limiters {
  /** The one of this account: see `accountOf`. */
  of(account: string): Limiter;
  /** Ends every wait, gives back what was waited for, and lets what was called be settled. */
  close(): Promise<void>;
}

/** The way to one partition's owner, and the permits that are requested or held from it, by ticket. */
interface Route {
  readonly requester: Requester;
  readonly permits: Map<string, OpenPermit>;
}

/** A permit that is not over. */
interface OpenPermit {
  happened(event: PermitEvent): void;
  /** Whether its caller is done with it, and the limiter is still to hear how it ended. */
  isEnding(): boolean;
}

export function createLimiters(bus: Bus, clock: Clock): Limiters {
  const client = crypto.randomUUID();
  const closing = new AbortController();
  const routes = new Map<number, Route>();
  const openPermits = () => [...routes.values()].flatMap(({ permits }) => [...permits.values()]);
  let onOver = () => {};
  const subscriptions = [
    listen(bus, catalog.offer, { client }, ({ ticket, permit }) => {
      // One for a ticket that is over is dropped: the limiter takes it back.
      for (const { permits } of routes.values()) permits.get(ticket)?.happened({ event: 'offered', permit });
    }),
  ];

  function routeTo(partition: number): Route {
    const known = routes.get(partition);
    if (known) return known;
    const route: Route = { requester: createRequester(bus, partition), permits: new Map() };
    routes.set(partition, route);
    // The sooner a new owner has heard everybody, the sooner it grants, and the most urgent first.
    const opened = listen(bus, catalog.partitionClaimed, { partition }, () => {
      route.requester.giveUp();
      for (const permit of route.permits.values()) permit.happened({ event: 'new owner' });
    });
    subscriptions.push(opened);
    return route;
  }

  return {
    of(account) {
      const route = routeTo(partitionOf(account));
      const parts = { route, account, client, clock, closing: closing.signal, onOver: () => onOver() };
      return {
        policyOf: (endpoint) => policyOf(bus, clock.machine, account, endpoint, closing.signal),
        withPermit: (options, use) => withPermit(parts, options, use),
      };
    },
    async close() {
      closing.abort(new Error('the limiter client was closed'));
      const { reason } = closing.signal;
      for (const permit of openPermits()) permit.happened({ event: 'close', reason });
      for (const subscription of subscriptions) subscription.unsubscribe();
      const settled = new Promise<void>((resolve) => {
        onOver = () => {
          if (!openPermits().some((permit) => permit.isEnding())) resolve();
        };
      });
      onOver();
      await Promise.race([settled, pause(clock.machine, 2_000)]);
    },
  };
}

interface ClientParts {
  readonly route: Route;
  readonly account: string;
  /** Where offers are sent. */
  readonly client: string;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly onOver: () => void;
}

async function withPermit<Endpoint extends Budget, Result>(
  parts: ClientParts,
  options: PermitOptions<Endpoint>,
  use: (permit: Permit<Endpoint>) => Promise<Result>,
): Promise<Result> {
  const { endpoint, lane } = options;
  const attributes = { 'paceline.endpoint': endpoint, 'paceline.lane': lane };
  const obtaining = inSpan(`permit ${endpoint}`, { attributes }, (span) => obtain(parts, options, span));
  const started = await measureWait(parts.clock, options, obtaining);
  try {
    return await use(started.permit);
  } finally {
    started.finish();
  }
}

interface StartedPermit<Endpoint extends Budget> {
  readonly permit: Permit<Endpoint>;
  /** Settles what the caller left open: a call that was never sent is given back. */
  finish(): void;
}

/** Requests a permit and waits until it is started. */
async function obtain<Endpoint extends Budget>(
  parts: ClientParts,
  options: PermitOptions<Endpoint>,
  span: Span,
): Promise<StartedPermit<Endpoint>> {
  const { endpoint, signal, onWaiting } = options;
  parts.closing.throwIfAborted();
  signal?.throwIfAborted();
  const show = waitEvents(span);
  const cancel = () => open.happened({ event: 'cancel', reason: signal?.reason });
  const { promise, resolve, reject } = Promise.withResolvers<StartedPermit<Endpoint>>();
  const open = follow(parts, requestOf(parts, options), span, (effect) => {
    switch (effect.effect) {
      case 'show':
        show(effect.waiting);
        try {
          onWaiting?.(effect.waiting);
        } catch (reason) {
          open.happened({ event: 'cancel', reason });
        }
        return;
      case 'started':
        resolve({
          permit: permitOf(effect.permit, endpoint, open.happened),
          finish: () => open.happened({ event: 'finish' }),
        });
        return;
      case 'refused':
        reject(new PermitRefused(endpoint, effect.earliest));
        return;
      case 'failed':
        reject(effect.reason);
        return;
      case 'spent':
        throw new PermitSpent(`This permit for ${endpoint} must not be used: ${effect.because}`);
    }
  });
  signal?.addEventListener('abort', cancel);
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

type ToCaller = Exclude<PermitEffect, { effect: 'send' | 'wake' }>;

/** Performs what `core/permit-protocol.ts` decides, until the permit is over. */
function follow(
  { route: { requester, permits }, clock: { machine }, onOver }: ClientParts,
  asked: PermitRequestOf<'acquire'>,
  span: Span,
  toCaller: (effect: ToCaller) => void,
): OpenPermit {
  let step = requestPermit(asked, machine.elapsed());
  let sends = 0;
  let callOff = () => {};

  function happened(event: PermitEvent): void {
    const from = step.state;
    step = decidePermit(from, event, machine.elapsed());
    stateEvents(span, from, step.state);
    if (step.state.state === 'over' && from.state !== 'over') {
      callOff();
      permits.delete(asked.ticket);
      onOver();
    }
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PermitEffect): void {
    switch (effect.effect) {
      case 'send':
        callOff();
        send(effect.request);
        return;
      case 'wake':
        callOff();
        callOff = machine.after(effect.inMs, () => happened({ event: 'due' }));
        return;
      default:
        toCaller(effect);
    }
  }

  /** Only the answer to the last request is of interest. */
  function send(request: PermitRequest): void {
    const nth = (sends += 1);
    const heard = (event: PermitEvent) => {
      if (nth === sends) happened(event);
    };
    requester.request(request).then(
      (answer) => heard({ event: 'answered', answer }),
      (error: unknown) => heard({ event: 'malformed', error }),
    );
  }

  const open: OpenPermit = { happened, isEnding: () => /^(settling|cancelling)$/.test(step.state.state) };
  permits.set(asked.ticket, open);
  for (const effect of step.effects) perform(effect);
  return open;
}

function requestOf(
  { account, client, clock }: ClientParts,
  { endpoint, lane, deadline, slotId, requestedAt }: PermitOptions<Budget>,
): PermitRequestOf<'acquire'> {
  return {
    do: 'acquire',
    ticket: crypto.randomUUID(),
    account,
    endpoint,
    lane,
    requestedAt: Math.round(requestedAt ?? clock.now()),
    offerTo: client,
    trace: currentTraceContext(),
    ...(deadline === undefined ? {} : { deadline: Math.round(deadline) }),
    ...(slotId === undefined ? {} : { slotId }),
  };
}

/** The one place where a permit comes into being: its brand exists for the compiler only. */
const permitOf = <Endpoint extends Budget>(
  id: string,
  endpoint: Endpoint,
  happened: (event: PermitEvent) => void,
): Permit<Endpoint> => {
  const permit: Omit<Permit<Endpoint>, symbol> = {
    id,
    endpoint,
    use: () => happened({ event: 'use' }),
    settle: (outcome) => happened({ event: 'settle', outcome }),
  };
  return permit as unknown as Permit<Endpoint>;
};

/** Real ms that the limiter is given to answer, and after which it is asked again. */
const answerMs = 2_000;
const askAgainAfter = 250;

/** The limit that an account's limiter keeps now. Asks until it answers. @throws the signal's reason */
async function policyOf(
  bus: Bus,
  machine: Machine,
  account: string,
  endpoint: Budget,
  closing: AbortSignal,
): Promise<Policy> {
  for (;;) {
    closing.throwIfAborted();
    try {
      const at = { partition: partitionOf(account) };
      const { windows } = await request(bus, catalog.windows, at, { account }, answerMs);
      const window = windows.find((each) => each.endpoint === endpoint);
      if (window) return window.policy;
    } catch (error) {
      bus.log.warn({ err: error, endpoint }, 'the limiter did not say which limit it keeps, asking again');
    }
    await pause(machine, askAgainAfter, closing);
  }
}
