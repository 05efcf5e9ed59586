import { and, eq, lte, ne } from 'drizzle-orm';
import type { Clock } from '../clock/index.ts';
import { catalog, sourceUnavailableMessage } from '../contracts/index.ts';
import { type Database, tables } from '../database/index.ts';
import { budgets, type Budget, type Lane, type Source } from '../definition/index.ts';
import { PermitRefused } from '../limiter/index.ts';
import { type Bus, publish } from '../messaging/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { UpstreamError } from '../zwiftracing/index.ts';
import { afterCall, type SourceAvailability, mayCall, pauseBeforeProbe, unknown } from './availability.ts';
import { throughOutages } from './database.ts';

const { sources } = tables;

/** Upstream does not give us this source, and it is not time to probe it again. */
export class SourceUnavailable extends PermitRefused {
  constructor(endpoint: Budget, { message, since, probeAt }: SourceAvailability) {
    super(endpoint, probeAt ?? since);
    this.name = 'SourceUnavailable';
    const moments = [since, this.earliest].map((at) => new Date(at).toISOString());
    this.message = `${sourceUnavailableMessage(budgets[endpoint].source, message ?? '')} (since ${moments[0]}, asked again from ${moments[1]} on)`;
  }
}

interface SourcesSetting {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when shutdown begins. */
  readonly signal: AbortSignal;
  /** The key, as a hash. */
  readonly account: string;
  /** Where a source is called. */
  readonly addressOf: (source: Source) => string;
}

/** A person who adds a rider is a probe of its own. */
const isManual = (lane: Lane) => lane === 'manual_rider_add';

/** Which of upstream's sources are available; all replicas share it. */
export class Sources {
  readonly #setting: SourcesSetting;

  constructor(setting: SourcesSetting) {
    this.#setting = setting;
  }

  /** Before a permit is requested. @throws {SourceUnavailable} */
  async requireAvailable(endpoint: Budget, lane: Lane): Promise<void> {
    if (isManual(lane)) return;
    const { db } = this.#setting;
    const known = await throughOutages(this.#setting, () => this.#read(db, budgets[endpoint].source));
    if (!mayCall(known, this.#now())) throw new SourceUnavailable(endpoint, known);
  }

  /** Right before a call: of all that would probe an unavailable source, one does. @throws {SourceUnavailable} */
  async claimProbe(endpoint: Budget, lane: Lane): Promise<void> {
    if (isManual(lane)) return;
    const { db } = this.#setting;
    const source = budgets[endpoint].source;
    const known = await this.#read(db, source);
    if (known.state !== 'unavailable') return;
    const claimed = await db
      .update(sources)
      .set({ probeAt: this.#now() + pauseBeforeProbe(known.probes) })
      .where(and(this.#is(source), eq(sources.state, 'unavailable'), lte(sources.probeAt, this.#now())))
      .returning();
    if (claimed.length === 0) throw new SourceUnavailable(endpoint, known);
  }

  /** After a call: stores what it says of its source, and publishes a change. */
  async recordCall(endpoint: Budget, error?: unknown): Promise<void> {
    const source = budgets[endpoint].source;
    if (error !== undefined && !(error instanceof UpstreamError)) return;
    await throughOutages(this.#setting, async () => {
      const before = await this.#read(this.#setting.db, source);
      const isNothingNew = before.state === 'available' && before.refusals === 0;
      if (!error && isNothingNew) return;
      const changed = await this.#store(source, error);
      if (changed) await this.#announce(source, changed);
    });
  }

  /** Stores what a call says of its source, and returns that where it is news. */
  #store(source: Source, error: UpstreamError | undefined): Promise<SourceAvailability | undefined> {
    const { db, account, addressOf } = this.#setting;
    return db.transaction(async (tx) => {
      const keys = { account, address: addressOf(source) };
      const fresh = { source, ...keys, ...unknown(this.#now()) };
      await tx.insert(sources).values(fresh).onConflictDoNothing();
      await tx.select().from(sources).where(eq(sources.source, source)).for('update');
      const before = await this.#read(tx, source);
      const others = and(ne(sources.source, source), eq(sources.account, account));
      const after = afterCall(
        source,
        before,
        error,
        await tx.select().from(sources).where(others),
        this.#now(),
      );
      await tx
        .update(sources)
        .set({ ...after, ...keys })
        .where(eq(sources.source, source));
      const isFirst = before.state === 'unknown' && after.state === 'available';
      return after.state === before.state || isFirst ? undefined : after;
    });
  }

  async #announce(source: Source, { state, since, rawStart, ...why }: SourceAvailability): Promise<void> {
    const { bus, log, account } = this.#setting;
    const { status, message, advice } = why;
    if (state === 'unknown') return;
    if (state === 'unavailable')
      log.error({ source, status, rawStart, advice }, sourceUnavailableMessage(source, message ?? ''));
    else log.info({ source }, 'source available again');
    const change = { source, state, at: since, status, message, advice };
    const once = { id: `source:${account}:${source}:${state}:${since}` };
    await publish(bus, catalog.sourceChanged, change, once).catch((err: unknown) => {
      log.warn({ err, source }, 'failed to publish a change of a source');
    });
  }

  async #read(on: Pick<Database, 'select'>, source: Source): Promise<SourceAvailability> {
    const [row] = await on.select().from(sources).where(this.#is(source));
    return row ?? unknown(this.#now());
  }

  #is(source: Source) {
    const { account, addressOf } = this.#setting;
    return and(
      eq(sources.source, source),
      eq(sources.account, account),
      eq(sources.address, addressOf(source)),
    );
  }

  #now(): number {
    return Math.round(this.#setting.clock.now());
  }
}
