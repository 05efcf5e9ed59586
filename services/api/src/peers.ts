import {
  catalog,
  type ChangeSchedule,
  type CheckSchedule,
  type MonitoredService,
  type Operation,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
} from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { BadPayload, request, RequestFailed, retryThroughHandover } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';

/** Another service does not answer, or can't process the request now. */
export class ServiceUnavailable extends Error {
  override name = 'ServiceUnavailable';
  readonly service: MonitoredService;

  constructor(service: MonitoredService, message: string, options?: ErrorOptions) {
    super(message, options);
    this.service = service;
  }
}

type WithoutAddress<T> = T extends Operation ? Omit<T, 'account' | 'endpoint'> : never;
export type BudgetOperation = WithoutAddress<Operation>;

/** Real ms. Checking a complicated schedule takes seconds. */
const defaultTimeoutMs = 2_000;
const checkTimeoutMs = 25_000;

const subjects: Readonly<Record<MonitoredService, string>> = {
  scheduler: 'The scheduler',
  limiter: 'The limiter',
  'rider-sync': 'rider-sync',
  'event-sync': 'event-sync',
};

function failureText(error: unknown): string {
  if (error instanceof RequestFailed) return `could not handle the request: ${error.message}`;
  // Of a service of another version.
  if (error instanceof BadPayload)
    return `does not understand the request, or its answer is invalid: ${error.message}`;
  return 'does not answer';
}

/** With a time limit a reply is only an addition to a response, which need not wait for another process to take over. */
const repeatUnless = (timeoutMs: number | undefined) =>
  timeoutMs === undefined ? undefined : <T>(once: () => Promise<T>) => once();

/** Requests to the other services. Each function throws `BrokerUnavailable` or `ServiceUnavailable`. */
export function peersOf(broker: Broker, account: string) {
  const send = async <M extends RequestMessage>(
    service: MonitoredService,
    message: M,
    address: Parameters<typeof request<M>>[2],
    payload: PayloadOf<M>,
    timeoutMs = defaultTimeoutMs,
    repeat: typeof retryThroughHandover = retryThroughHandover,
  ): Promise<ReplyOf<M>> => {
    const bus = await broker.reach();
    try {
      return await repeat(() => request(bus, message, address, payload, timeoutMs));
    } catch (error) {
      throw new ServiceUnavailable(service, `${subjects[service]} ${failureText(error)}`, { cause: error });
    }
  };
  const partition = partitionOf(account);
  return {
    limiter: {
      windows({ waiting, timeoutMs }: { waiting?: number; timeoutMs?: number } = {}) {
        const query = { account, ...(waiting !== undefined && { waiting }) };
        return send('limiter', catalog.windows, { partition }, query, timeoutMs, repeatUnless(timeoutMs));
      },
      async operate(endpoint: string, operation: BudgetOperation): Promise<void> {
        const payload = { ...operation, account, endpoint } as Operation;
        const { answer } = await send('limiter', catalog.operate, { partition }, payload);
        if (answer !== 'done')
          throw new ServiceUnavailable('limiter', 'The limiter cannot store changes right now');
      },
      status: () => send('limiter', catalog.status, { partition }, { account }),
    },
    scheduler: {
      schedule: ({ timeoutMs }: { timeoutMs?: number } = {}) =>
        send('scheduler', catalog.currentSchedule, {}, {}, timeoutMs, repeatUnless(timeoutMs)),
      check: (query: CheckSchedule) => send('scheduler', catalog.checkSchedule, {}, query, checkTimeoutMs),
      change: (query: ChangeSchedule) => send('scheduler', catalog.changeSchedule, {}, query, checkTimeoutMs),
    },
    freshness: (next: number, { timeoutMs }: { timeoutMs?: number } = {}) =>
      send('event-sync', catalog.freshness, {}, { next }, timeoutMs, repeatUnless(timeoutMs)),
  };
}

export type Peers = ReturnType<typeof peersOf>;
export type LimiterPeer = Peers['limiter'];
