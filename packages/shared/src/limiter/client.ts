import { type Clock, type Machine, pause } from '../clock/index.ts';
import { type PermitRequest, type PermitRequestOf, catalog, type Policy } from '../contracts/index.ts';
import type { BudgetName } from '../definition/index.ts';
import { type Bus, subscribe, request } from '../messaging/index.ts';
import { currentTraceContext, inSpan, type Span } from '../telemetry/index.ts';
import { partitionOf } from './account.ts';
import { decidePermit, type PermitEffect, type PermitEvent, requestPermit } from './core/permit-protocol.ts';
import { type Limiter, type Permit, type PermitOptions, PermitRefused, PermitSpent } from './permit.ts';
import { createRequester, type Requester } from './requester.ts';
import { measureWait, stateEvents, waitEvents } from './waits.ts';

/** The limiter clients of one process. Requests of all accounts in one event-loop turn are sent together. */
export interface Limiters {
  /** The client of an account: see `accountOf`. */
  of(account: string): Limiter;
  /** Ends every wait, cancels its request, and waits until started calls are settled, at most 2 s. */
  close(): Promise<void>;
}

/** The connection to one partition's owner, and the open permits of that partition, by ticket. */
interface Route {
  readonly requester: Requester;
  readonly permits: Map<string, OpenPermit>;
}

/** A permit that is not closed. */
interface OpenPermit {
  dispatch(event: PermitEvent): void;
  /** Whether its caller has finished, but the limiter has not acknowledged that. */
  isEnding(): boolean;
}

export function createLimiters(bus: Bus, clock: Clock): Limiters {
  const client = crypto.randomUUID();
  const closing = new AbortController();
  const routes = new Map<number, Route>();
  const openPermits = () => [...routes.values()].flatMap(({ permits }) => [...permits.values()]);
  let onClosed = () => {};
  const subscriptions = [
    subscribe(bus, catalog.offer, { client }, ({ ticket, permit }) => {
      // An offer for a closed ticket is ignored: the limiter takes the permit back.
      for (const { permits } of routes.values()) permits.get(ticket)?.dispatch({ event: 'offered', permit });
    }),
  ];

  function routeTo(partition: number): Route {
    const known = routes.get(partition);
    if (known) return known;
    const route: Route = { requester: createRequester(bus, partition), permits: new Map() };
    routes.set(partition, route);
    // Repeated immediately, so that a new owner knows every request before it grants the first permit.
    const onClaim = subscribe(bus, catalog.partitionClaimed, { partition }, () => {
      route.requester.abandon();
      for (const permit of route.permits.values()) permit.dispatch({ event: 'new owner' });
    });
    subscriptions.push(onClaim);
    return route;
  }

  return {
    of(account) {
      const route = routeTo(partitionOf(account));
      const parts = { route, account, client, clock, closing: closing.signal, onClosed: () => onClosed() };
      return {
        policyOf: (endpoint) => policyOf(bus, clock.machine, account, endpoint, closing.signal),
        withPermit: (options, use) => withPermit(parts, options, use),
      };
    },
    async close() {
      closing.abort(new Error('the limiter client was closed'));
      const { reason } = closing.signal;
      for (const permit of openPermits()) permit.dispatch({ event: 'close', reason });
      for (const subscription of subscriptions) subscription.unsubscribe();
      const settled = new Promise<void>((resolve) => {
        onClosed = () => {
          if (!openPermits().some((permit) => permit.isEnding())) resolve();
        };
      });
      onClosed();
      await Promise.race([settled, pause(clock.machine, 2_000)]);
    },
  };
}

interface ClientParts {
  readonly route: Route;
  readonly account: string;
  /** The id that offers are sent to. */
  readonly client: string;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly onClosed: () => void;
}

async function withPermit<Endpoint extends BudgetName, Result>(
  parts: ClientParts,
  options: PermitOptions<Endpoint>,
  use: (permit: Permit<Endpoint>) => Promise<Result>,
): Promise<Result> {
  const { endpoint, lane } = options;
  const attributes = { 'paceline.endpoint': endpoint, 'paceline.lane': lane };
  const acquiring = inSpan(`permit ${endpoint}`, { attributes }, (span) =>
    acquirePermit(parts, options, span),
  );
  const started = await measureWait(parts.clock, options, acquiring);
  try {
    return await use(started.permit);
  } finally {
    started.finish();
  }
}

interface StartedPermit<Endpoint extends BudgetName> {
  readonly permit: Permit<Endpoint>;
  /** Settles a call that the caller left open, and returns the permit if it was not sent. */
  finish(): void;
}

/** Requests a permit and waits until it is started. */
async function acquirePermit<Endpoint extends BudgetName>(
  parts: ClientParts,
  options: PermitOptions<Endpoint>,
  span: Span,
): Promise<StartedPermit<Endpoint>> {
  const { endpoint, signal, onWaiting } = options;
  parts.closing.throwIfAborted();
  signal?.throwIfAborted();
  const show = waitEvents(span);
  const cancel = () => open.dispatch({ event: 'cancel', reason: signal?.reason });
  const { promise, resolve, reject } = Promise.withResolvers<StartedPermit<Endpoint>>();
  const open = runProtocol(parts, requestOf(parts, options), span, (effect) => {
    switch (effect.effect) {
      case 'show':
        show(effect.waiting);
        try {
          onWaiting?.(effect.waiting);
        } catch (reason) {
          open.dispatch({ event: 'cancel', reason });
        }
        return;
      case 'started':
        resolve({
          permit: permitOf(effect, endpoint, open.dispatch),
          finish: () => open.dispatch({ event: 'finish' }),
        });
        return;
      case 'refused':
        reject(
          new PermitRefused(endpoint, effect.earliest, effect.reason, awaySince(parts, options, effect)),
        );
        return;
      case 'failed':
        reject(effect.reason);
        return;
      case 'spent':
        throw new PermitSpent(`This permit for ${endpoint} can't be used: ${effect.reason}`);
    }
  });
  signal?.addEventListener('abort', cancel);
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Since when no limiter replied, if that made the request miss its deadline; project ms. */
function awaySince(
  { clock }: ClientParts,
  { deadline }: Pick<PermitOptions<BudgetName>, 'deadline'>,
  { silentMs }: Extract<PermitEffect, { effect: 'refused' }>,
): number | undefined {
  if (deadline === undefined || silentMs === undefined || clock.now() < deadline) return undefined;
  const since = clock.now() - clock.toProjectMs(silentMs);
  return since < deadline ? Math.round(since) : undefined;
}

type CallerEffect = Exclude<PermitEffect, { effect: 'send' | 'wake' }>;

/** Performs the effects that `core/permit-protocol.ts` decides, until the permit is closed. */
function runProtocol(
  { route: { requester, permits }, clock: { machine }, onClosed }: ClientParts,
  acquire: PermitRequestOf<'acquire'>,
  span: Span,
  onEffect: (effect: CallerEffect) => void,
): OpenPermit {
  let step = requestPermit(acquire, machine.elapsed());
  let sends = 0;
  let cancelTimer = () => {};

  function dispatch(event: PermitEvent): void {
    const from = step.state;
    step = decidePermit(from, event, machine.elapsed());
    if (span.isRecording()) stateEvents(span, from, step.state);
    if (step.state.state === 'closed' && from.state !== 'closed') {
      cancelTimer();
      permits.delete(acquire.ticket);
      onClosed();
    }
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PermitEffect): void {
    switch (effect.effect) {
      case 'send':
        cancelTimer();
        send(effect.request);
        return;
      case 'wake':
        cancelTimer();
        cancelTimer = machine.after(effect.inMs, () => dispatch({ event: 'due' }));
        return;
      default:
        onEffect(effect);
    }
  }

  /** Only the reply to the last request counts. */
  function send(request: PermitRequest): void {
    const nth = (sends += 1);
    const onReply = (event: PermitEvent) => {
      if (nth === sends) dispatch(event);
    };
    requester.request(request).then(
      (reply) => onReply({ event: 'replied', reply }),
      (error: unknown) => onReply({ event: 'malformed', error }),
    );
  }

  const open: OpenPermit = { dispatch, isEnding: () => /^(settling|cancelling)$/.test(step.state.state) };
  permits.set(acquire.ticket, open);
  for (const effect of step.effects) perform(effect);
  return open;
}

function requestOf(
  { account, client, clock }: ClientParts,
  { endpoint, lane, deadline, slotId, requestedAt, left }: PermitOptions<BudgetName>,
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
    ...(left && { left }),
  };
}

/** The only place that creates permits: the brand exists for the compiler only. */
const permitOf = <Endpoint extends BudgetName>(
  { permit: id, term, left }: Extract<PermitEffect, { effect: 'started' }>,
  endpoint: Endpoint,
  dispatch: (event: PermitEvent) => void,
): Permit<Endpoint> => {
  const permit: Omit<Permit<Endpoint>, symbol> = {
    id,
    endpoint,
    term,
    ...(left && { left }),
    use: () => dispatch({ event: 'use' }),
    settle: (outcome) => dispatch({ event: 'settle', outcome }),
  };
  return permit as unknown as Permit<Endpoint>;
};

/** Real ms to wait for a reply, and before a retry. */
const replyTimeout = 2_000;
const retryAfter = 250;

/** The policy in force for a budget. Retries until the limiter replies. @throws the signal's reason */
async function policyOf(
  bus: Bus,
  machine: Machine,
  account: string,
  endpoint: BudgetName,
  closing: AbortSignal,
): Promise<Policy> {
  for (;;) {
    closing.throwIfAborted();
    try {
      const at = { partition: partitionOf(account) };
      const { windows } = await request(bus, catalog.windows, at, { account }, replyTimeout);
      const window = windows.find((each) => each.endpoint === endpoint);
      if (window) return window.policy;
    } catch (error) {
      bus.log.warn({ err: error, endpoint }, 'failed to read the policy from the limiter, retrying');
    }
    await pause(machine, retryAfter, closing);
  }
}
