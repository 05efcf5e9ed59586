import { z } from 'zod';
import { type ClockSetting, formatClock, isSandboxUrl } from '../clock/index.ts';

/** The bucket that says which upstream and clock the broker's state depends on. Provisioning writes it once. */
export const originBucket = 'ORIGIN';
export const originKey = 'origin';

/** What stored slots, windows and rows depend on. A key is no part of it: each key has an account of its own. */
export const origin = z.object({
  /** Host and path of the base URL; `sandbox` for any sandbox, whose port can change. */
  upstream: z.string(),
  /** As in `PACELINE_CLOCK`, or `real time`. */
  clock: z.string(),
});
export type Origin = z.infer<typeof origin>;

export const clockOrigin = (clock: ClockSetting): string =>
  clock.scale === 1 ? 'real time' : formatClock(clock);

/** @param baseUrl undefined: the sandbox of `npm start` */
export function originOf(baseUrl: string | undefined, clock: ClockSetting): Origin {
  if (baseUrl === undefined || isSandboxUrl(baseUrl))
    return { upstream: 'sandbox', clock: clockOrigin(clock) };
  const { host, pathname } = new URL(baseUrl);
  return { upstream: `${host}${pathname.replace(/\/+$/, '')}`, clock: clockOrigin(clock) };
}

/** The origins that broker and database are marked with. One without a mark belongs to any system. */
export interface Marks {
  readonly broker?: Origin | undefined;
  readonly database?: Origin | undefined;
}

const parts = ['upstream', 'clock'] as const;
const variables = { upstream: 'ZWIFTRACING_BASE_URL', clock: 'PACELINE_CLOCK' };
const deletion = 'delete the state (npm run reset, docker compose down --volumes)';

/** What is wrong when a process uses these servers. A part that is unset in `own` is only compared between the two. */
export function foreignState(marks: Marks, own: Partial<Origin>): string[] {
  const states = statesOf(marks);
  const foreign = states.filter(({ mark }) => differences(mark, own) !== '');
  const [first, second] = states;
  if (foreign.length === 0 && first && second) {
    const between = differences(second.mark, first.mark, "the broker's");
    return [
      `the state in the database belongs to another system than that on the broker: ${between}. Use a broker and a database of one system, or ${deletion}`,
    ];
  }
  // A server that is right shows that the configuration is.
  const isConfigured = foreign.length < states.length;
  return foreign.map(({ place, server, mark }) => {
    const start = isConfigured ? 'Use' : `Set ${variablesOf(mark, own)} back, use`;
    return `the state ${place} belongs to another system: ${differences(mark, own)}. ${start} another ${server}, or ${deletion}`;
  });
}

interface MarkedState {
  readonly place: string;
  readonly server: string;
  readonly mark: Origin;
}

/** One for both servers when they have the same mark. */
function statesOf({ broker, database }: Marks): MarkedState[] {
  const isSame = broker && database && differences(broker, database) === '';
  if (isSame)
    return [{ place: 'on the broker and in the database', server: 'broker and database', mark: broker }];
  return [
    ...(broker ? [{ place: 'on the broker', server: 'broker', mark: broker }] : []),
    ...(database ? [{ place: 'in the database', server: 'database', mark: database }] : []),
  ];
}

/** E.g. `its upstream is "sandbox", the configured one "upstream.example/api"`; empty: none. */
export const differences = (mark: Origin, own: Partial<Origin>, ownName = 'the configured one'): string =>
  differing(mark, own)
    .map((part) => `its ${part} is "${mark[part]}", ${ownName} "${own[part]}"`)
    .join('; ');

const variablesOf = (mark: Origin, own: Partial<Origin>): string =>
  differing(mark, own)
    .map((part) => variables[part])
    .join(' and ');

const differing = (mark: Origin, own: Partial<Origin>): ReadonlyArray<keyof Origin> =>
  parts.filter((part) => own[part] !== undefined && own[part] !== mark[part]);
