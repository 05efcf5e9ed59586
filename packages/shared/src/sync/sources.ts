import { budgets, type Budget, type Lane, type Source } from '../definition/index.ts';
import { and, eq, lte, ne } from 'drizzle-orm';
import { catalog, notAvailable } from '../contracts/index.ts';
import { type Database, tables } from '../database/index.ts';
import { PermitRefused } from '../limiter/index.ts';
import { publish } from '../messaging/index.ts';
import { UpstreamError } from '../zwiftracing/index.ts';
import type { Sync } from './open.ts';
import { afterCall, mayAsk, pauseBeforeProbe, type Standing, unasked } from './standing.ts';
import { throughOutages } from './through-outages.ts';

const { sources } = tables;

/** Upstream does not give us this source, and it is not time yet to ask whether it does again. */
export class SourceUnavailable extends PermitRefused {
  constructor(endpoint: Budget, { message, since, probeAt }: Standing) {
    super(endpoint, probeAt ?? since);
    this.name = 'SourceUnavailable';
    const moments = [since, this.earliest].map((at) => new Date(at).toISOString());
    this.message = `${notAvailable(budgets[endpoint].source, message ?? '')} (since ${moments[0]}, asked again from ${moments[1]} on)`;
  }
}

/** Which of upstream's sources are available; all replicas share it. */
export interface Sources {
  /** Before a permit is asked for. @throws {SourceUnavailable} */
  admit(endpoint: Budget, lane: Lane): Promise<void>;
  /** Right before a call: of all who would ask whether a source is available again, one does. @throws {SourceUnavailable} */
  claim(endpoint: Budget, lane: Lane): Promise<void>;
  /** After a call: what it says of its source is stored, and told when that has changed. */
  note(endpoint: Budget, error?: unknown): Promise<void>;
}

type Parts = Pick<Sync, 'db' | 'bus' | 'clock' | 'log' | 'signal'> & {
  /** The key, as a hash. */
  readonly account: string;
  /** Where a source is asked. */
  readonly addressOf: (source: Source) => string;
};

export function createSources(parts: Parts): Sources {
  const { db, clock, log, account, addressOf } = parts;
  const now = () => Math.round(clock.now());
  // A person who asks is a probe of its own.
  const isManual = (lane: Lane) => lane === 'manual_rider_add';
  const about = (source: Source) =>
    and(eq(sources.source, source), eq(sources.account, account), eq(sources.address, addressOf(source)));
  const read = async (on: Pick<Database, 'select'>, source: Source) => {
    const [row] = await on.select().from(sources).where(about(source));
    return row ?? unasked(now());
  };

  /** Stores what a call says of its source, and returns how it stands when that is news. */
  const store = (source: Source, error: UpstreamError | undefined): Promise<Standing | undefined> =>
    db.transaction(async (tx) => {
      const keys = { account, address: addressOf(source) };
      const fresh = { source, ...keys, ...unasked(now()) };
      await tx.insert(sources).values(fresh).onConflictDoNothing();
      await tx.select().from(sources).where(eq(sources.source, source)).for('update');
      const before = await read(tx, source);
      const others = and(ne(sources.source, source), eq(sources.account, account));
      const after = afterCall(source, before, error, await tx.select().from(sources).where(others), now());
      await tx
        .update(sources)
        .set({ ...after, ...keys })
        .where(eq(sources.source, source));
      const isFirst = before.state === 'unknown' && after.state === 'available';
      return after.state === before.state || isFirst ? undefined : after;
    });

  async function tell(source: Source, { state, since, rawStart, ...why }: Standing): Promise<void> {
    const { status, message, advice } = why;
    if (state === 'unknown') return;
    if (state === 'unavailable')
      log.error({ source, status, rawStart, advice }, notAvailable(source, message ?? ''));
    else log.info({ source }, `The ${source} of upstream are available again`);
    const change = { source, state, at: since, status, message, advice };
    const once = { id: `source:${account}:${source}:${state}:${since}` };
    await publish(parts.bus, catalog.sourceChanged, change, once).catch((err: unknown) => {
      log.warn({ err, source }, 'a change of a source could not be published');
    });
  }

  return {
    async admit(endpoint, lane) {
      if (isManual(lane)) return;
      const standing = await throughOutages(parts, () => read(db, budgets[endpoint].source));
      if (!mayAsk(standing, now())) throw new SourceUnavailable(endpoint, standing);
    },
    async claim(endpoint, lane) {
      if (isManual(lane)) return;
      const source = budgets[endpoint].source;
      const standing = await read(db, source);
      if (standing.state !== 'unavailable') return;
      const claimed = await db
        .update(sources)
        .set({ probeAt: now() + pauseBeforeProbe(standing.probes) })
        .where(and(about(source), eq(sources.state, 'unavailable'), lte(sources.probeAt, now())))
        .returning();
      if (claimed.length === 0) throw new SourceUnavailable(endpoint, standing);
    },
    async note(endpoint, error) {
      const source = budgets[endpoint].source;
      if (error !== undefined && !(error instanceof UpstreamError)) return;
      await throughOutages(parts, async () => {
        const before = await read(db, source);
        const isNothingNew = before.state === 'available' && before.refusals === 0;
        if (!error && isNothingNew) return;
        const news = await store(source, error);
        if (news) await tell(source, news);
      });
    },
  };
}
