import { and, eq, lte, ne, sql, type SQL } from 'drizzle-orm';
import type { Clock } from '../clock/index.ts';
import { catalog, sourceUnavailableMessage } from '../contracts/index.ts';
import { type Database, retryDuringOutage, tables } from '../database/index.ts';
import { budgets, type BudgetName, type Lane, type SourceName } from '../definition/index.ts';
import { PermitRefused } from '../limiter/index.ts';
import { type Bus, publish } from '../messaging/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { UpstreamError } from '../zwiftracing/index.ts';
import {
  afterCall,
  type SourceAvailability,
  canCall,
  pauseBeforeProbe,
  unknownAvailability,
} from './availability.ts';

const { sources } = tables;

/** The source is unavailable, and its next probe is not due yet. */
export class SourceUnavailable extends PermitRefused {
  constructor(endpoint: BudgetName, { message, since, probeAt }: SourceAvailability) {
    super(endpoint, probeAt ?? since);
    this.name = 'SourceUnavailable';
    const [from, nextProbe] = [since, this.earliest].map((at) => new Date(at).toISOString());
    this.message = `${sourceUnavailableMessage(budgets[endpoint].source, message ?? '')} (since ${from}, next probe at ${nextProbe})`;
  }
}

interface SourcesOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when shutdown starts. */
  readonly signal: AbortSignal;
  /** Hash of the API key. */
  readonly account: string;
  /** The URL of a source. */
  readonly addressOf: (source: SourceName) => string;
}

/** For a prepared statement with the values of `Sources.keyOf`: whether a call that succeeds shows nothing new. */
export const isAvailable = (source: SourceName): SQL => sql`exists (
  select from ${sources} where source = ${source} and account = ${sql.placeholder('sourceAccount')}
    and address = ${sql.placeholder('sourceAddress')} and state = 'available' and refusals = 0)`;

/** A manual add is never blocked; its call serves as a probe. */
const isManual = (lane: Lane) => lane === 'manual_rider_add';

/** The availability of upstream's sources, shared by all replicas. */
export class Sources {
  readonly #options: SourcesOptions;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** The values of `isAvailable`. */
  keyOf(source: SourceName) {
    const { account, addressOf } = this.#options;
    return { sourceAccount: account, sourceAddress: addressOf(source) };
  }

  /** Call before requesting a permit. @throws {SourceUnavailable} */
  async requireAvailable(endpoint: BudgetName, lane: Lane): Promise<void> {
    if (isManual(lane)) return;
    const { db } = this.#options;
    const known = await retryDuringOutage(this.#options, () => this.#read(db, budgets[endpoint].source));
    if (!canCall(known, this.#now())) throw new SourceUnavailable(endpoint, known);
  }

  /** Call right before the request: only one caller gets to probe an unavailable source. @throws {SourceUnavailable} */
  async claimProbe(endpoint: BudgetName, lane: Lane): Promise<void> {
    if (isManual(lane)) return;
    const { db } = this.#options;
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

  /** Call after the request: stores what it showed about the source, and publishes changes. */
  async recordCall(endpoint: BudgetName, error?: unknown): Promise<void> {
    const source = budgets[endpoint].source;
    if (error !== undefined && !(error instanceof UpstreamError)) return;
    await retryDuringOutage(this.#options, async () => {
      const before = await this.#read(this.#options.db, source);
      const isUnchanged = before.state === 'available' && before.refusals === 0;
      if (!error && isUnchanged) return;
      const changed = await this.#store(source, error);
      if (changed) await this.#announce(source, changed);
    });
  }

  /** Stores the availability after a call. @returns it if the state changed */
  #store(source: SourceName, error: UpstreamError | undefined): Promise<SourceAvailability | undefined> {
    const { db, account, addressOf } = this.#options;
    return db.transaction(async (tx) => {
      const keys = { account, address: addressOf(source) };
      const initial = { source, ...keys, ...unknownAvailability(this.#now()) };
      await tx.insert(sources).values(initial).onConflictDoNothing();
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

  async #announce(source: SourceName, { state, since, rawStart, ...why }: SourceAvailability): Promise<void> {
    const { bus, log, account } = this.#options;
    const { status, message, advice } = why;
    if (state === 'unknown') return;
    if (state === 'unavailable')
      log.error({ source, status, rawStart, advice }, sourceUnavailableMessage(source, message ?? ''));
    else log.info({ source }, 'source available again');
    const change = { source, state, at: since, status, message, advice };
    const once = { id: `source:${account}:${source}:${state}:${since}` };
    await publish(bus, catalog.sourceChanged, change, once).catch((err: unknown) => {
      log.warn({ err, source }, 'failed to publish a source change');
    });
  }

  async #read(on: Pick<Database, 'select'>, source: SourceName): Promise<SourceAvailability> {
    const [row] = await on.select().from(sources).where(this.#is(source));
    return row ?? unknownAvailability(this.#now());
  }

  #is(source: SourceName) {
    const { account, addressOf } = this.#options;
    return and(
      eq(sources.source, source),
      eq(sources.account, account),
      eq(sources.address, addressOf(source)),
    );
  }

  #now(): number {
    return Math.round(this.#options.clock.now());
  }
}
