import { monotonic, until } from '@paceline/kit/waiting';
import type { Limiter } from '@paceline/shared/limiter';
import type { Address } from './contenders/contender.ts';
import { openLimiters, permitted } from './contenders/paceline.ts';
import { delayOf, type Network } from './upstream.ts';

/** Where in the protocol the limiter dies: at the first message with this verb. */
export interface Step {
  readonly verb: 'acquire' | 'start' | 'settle';
  /** Before it is sent, as soon as it is on its way, or when its answer is here. */
  readonly phase: 'before' | 'during' | 'after';
}

export interface Siege extends Step {
  readonly address: Address;
  /** The limiter that is killed. */
  readonly pid: number;
  /** Kept saturated all the time. */
  readonly account: string;
  /** Has room: how long until it is granted a call shows how long nobody answered. */
  readonly probe: string;
  /** How long to go on after calls are granted again. */
  readonly forMs: number;
}

const inFlight = 10;
const network: Network = { jitterMs: 20, outliers: 0 };
const decoded = new TextDecoder();

/** Saturates a limiter, kills it at one step, and looks what becomes of its windows. */
export async function besiege(siege: Siege) {
  const killed = Promise.withResolvers<number>();
  const kill = () => {
    process.kill(siege.pid, 'SIGKILL');
    killed.resolve(monotonic());
  };
  const { limiters, close } = await openLimiters(siege.address, (connection) =>
    tapped(connection, siege, kill),
  );
  const arrivals: number[] = [];
  let end = Infinity;
  const saturate = async () => {
    while (monotonic() < end) await call(limiters.of(siege.account), arrivals);
  };
  // Whoever still waits at the end is sent away.
  const saturating = Promise.allSettled(Array.from({ length: inFlight }, saturate));
  const killedAt = await killed.promise;
  const probed: number[] = [];
  await call(limiters.of(siege.probe), probed);
  end = monotonic() + siege.forMs;
  await until(end);
  await close();
  await saturating;
  // Moments of the monotonic clock.
  return { grantedAfterMs: (probed[0] ?? Number.NaN) - killedAt, arrivals, end };
}

function call(limiter: Limiter, arrivals: number[]): Promise<void> {
  return permitted(limiter, { endpoint: 'riders_single', lane: 'manual_rider_add' }, async () => {
    await until(monotonic() + delayOf(network, Math.random));
    arrivals.push(monotonic());
  });
}

type Connection = Awaited<ReturnType<typeof openLimiters>>['connection'];

/** The same connection, with somebody who strikes once, at the step. */
function tapped(connection: Connection, { verb, phase }: Step, strike: () => void): Connection {
  let armed = true;
  const isNow = (at: Step['phase'], message: string) => {
    if (!armed || at !== phase || !message.includes(`"do":"${verb}"`)) return false;
    armed = false;
    return true;
  };
  const request: Connection['request'] = async (subject, payload, options) => {
    const message = typeof payload === 'string' ? payload : decoded.decode(payload);
    if (isNow('before', message)) strike();
    const answer = connection.request(subject, payload, options);
    if (isNow('during', message)) setImmediate(strike);
    const reply = await answer;
    if (isNow('after', message)) strike();
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
