import { monotonic, until } from '@paceline/kit/waiting';
import type { Limiter } from '@paceline/shared/limiter';
import type { Address } from './contenders/contender.ts';
import { openLimiters, permitted } from './contenders/paceline.ts';
import { delayOf, type CallLatency } from './upstream.ts';

/** When the limiter is killed: at the first message with this verb. */
export interface KillStep {
  readonly verb: 'acquire' | 'start' | 'settle';
  /** Before it is sent, when it has been sent, or when its reply has arrived. */
  readonly phase: 'before' | 'during' | 'after';
}

export interface KillOptions extends KillStep {
  readonly address: Address;
  /** The limiter that is killed. */
  readonly pid: number;
  /** Saturated throughout. */
  readonly account: string;
  /** An account with room: the time until its grant is the outage. */
  readonly probe: string;
  /** Ms to continue after calls are granted again. */
  readonly forMs: number;
}

const inFlight = 10;
const network: CallLatency = { jitterMs: 20, outliers: 0 };
const decoded = new TextDecoder();

/** Saturates a limiter, kills it at one step and records the arrivals. */
export async function killAtStep(options: KillOptions) {
  const killed = Promise.withResolvers<number>();
  const kill = () => {
    process.kill(options.pid, 'SIGKILL');
    killed.resolve(monotonic());
  };
  const { limiters, close } = await openLimiters(options.address, (connection) =>
    tapped(connection, options, kill),
  );
  const arrivals: number[] = [];
  let end = Infinity;
  const saturate = async () => {
    while (monotonic() < end) await call(limiters.of(options.account), arrivals);
  };
  // Requests that still wait at the end are rejected.
  const saturating = Promise.allSettled(Array.from({ length: inFlight }, saturate));
  const killedAt = await killed.promise;
  const probed: number[] = [];
  await call(limiters.of(options.probe), probed);
  end = monotonic() + options.forMs;
  await until(end);
  await close();
  await saturating;
  // Times of the monotonic clock.
  return { grantedAfterMs: (probed[0] ?? Number.NaN) - killedAt, arrivals, end };
}

function call(limiter: Limiter, arrivals: number[]): Promise<void> {
  return permitted(limiter, { endpoint: 'riders_single', lane: 'manual_rider_add' }, async () => {
    await until(monotonic() + delayOf(network, Math.random));
    arrivals.push(monotonic());
  });
}

type Connection = Awaited<ReturnType<typeof openLimiters>>['connection'];

/** The same connection, which runs `kill` once at the step. */
function tapped(connection: Connection, { verb, phase }: KillStep, kill: () => void): Connection {
  let armed = true;
  const isNow = (at: KillStep['phase'], message: string) => {
    if (!armed || at !== phase || !message.includes(`"do":"${verb}"`)) return false;
    armed = false;
    return true;
  };
  const request: Connection['request'] = async (subject, payload, options) => {
    const message = typeof payload === 'string' ? payload : decoded.decode(payload);
    if (isNow('before', message)) kill();
    const answer = connection.request(subject, payload, options);
    if (isNow('during', message)) setImmediate(kill);
    const reply = await answer;
    if (isNow('after', message)) kill();
    return reply;
  };
  return new Proxy(connection, {
    get(target, name) {
      if (name === 'request') return request;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
