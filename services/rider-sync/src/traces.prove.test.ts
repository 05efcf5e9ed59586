import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { currentTraceContext, inSpan } from '@paceline/shared/telemetry';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '@paceline/shared/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually } from '@paceline/shared/testing';
import { createWorld, type World } from './testing/world.ts';

const { commands, syncRuns, wantedRiders } = tables;

let otlp: OtlpReceiver;
let world: World;
let nextRider = 4_400_000;

beforeAll(async () => {
  otlp = await startOtlpReceiver();
  for (const [name, value] of Object.entries(otlp.env)) vi.stubEnv(name, value);
  await import('@paceline/shared/telemetry/start');
  world = await createWorld({ scale: 2_400 });
  await world.start({ ZWIFTRACING_API_KEY: world.newKey() });
});

afterAll(async () => {
  await world?.close();
  await otlp?.close();
  vi.unstubAllEnvs();
});

/** Somebody asks: the span of the request, as it is stored with what was asked for. */
const asking = (name: string) =>
  inSpan(name, {}, () => {
    const { traceparent = '' } = currentTraceContext();
    const [, traceId = '', spanId = ''] = traceparent.split('-');
    return { traceparent, link: { traceId, spanId } };
  });

/** Spans are sent by the machine's time, in batches. */
const spanOf = (test: (span: ReceivedSpan) => boolean) =>
  world.during(
    eventually(
      () => {
        const found = otlp.spans().find(test);
        if (!found) throw new Error('that span has not come yet');
        return found;
      },
      { timeoutMs: 60_000 },
    ),
  );
const placeOf = ({ traceId, spanId }: ReceivedSpan) => ({ traceId, spanId });

describe('a bulk call', () => {
  it('is a trace of its own, linked with each command that has riders on it, both ways', async () => {
    const requestedAt = Math.round(world.clock.now());
    const asked = await Promise.all(['first', 'second'].map(asking));
    for (const { traceparent } of asked) {
      const commandId = crypto.randomUUID();
      await world.db.insert(commands).values({
        commandId,
        type: 'import-riders',
        progress: { state: 'waiting_in_line', position: 1, at: requestedAt },
        requestedAt,
        updatedAt: requestedAt,
        traceparent,
      });
      await world.db.insert(wantedRiders).values(
        Array.from({ length: 20 }, () => ({
          commandId,
          riderId: (nextRider += 1),
          why: 'import' as const,
          freshFrom: requestedAt,
          since: requestedAt,
        })),
      );
      await publish(world.bus, catalog.importRiders, { commandId, requestedAt });
    }
    const both = asked.map(({ link }) => link);
    for (const link of both) {
      const call = await spanOf(
        ({ name, links }) => name === 'bulk call' && links.some(({ spanId }) => spanId === link.spanId),
      );
      expect(call.parentSpanId).toBeUndefined();
      expect(both).toEqual(expect.arrayContaining([...call.links]));
      await spanOf(
        ({ name, links }) =>
          name === 'process paceline.command.import-riders' &&
          links.some(({ spanId }) => spanId === call.spanId),
      );
    }
  });
});

describe('a rider that several commands add', () => {
  it('comes by one call, to which the spans of the others lead', async () => {
    const riderId = (nextRider += 1);
    const requestedAt = Math.round(world.clock.now());
    await Promise.all(
      [1, 2].map(() =>
        publish(world.bus, catalog.addRider, { commandId: crypto.randomUUID(), riderId, requestedAt }),
      ),
    );
    const sharing = await spanOf(
      ({ name, links }) => name === 'process paceline.command.add-rider' && links.length > 0,
    );
    const [link] = sharing.links;
    const fetching = await spanOf(({ spanId }) => spanId === link?.spanId);
    expect(fetching.name).toBe('process paceline.command.add-rider');
    await spanOf(
      ({ name, parentSpanId }) => name === 'permit riders_single' && parentSpanId === fetching.spanId,
    );
  });
});

describe('the wait for a permit', () => {
  it('shows what was waited for, at which place and until when, and then the permit and its start', async () => {
    const requestedAt = Math.round(world.clock.now());
    // Five a minute are allowed.
    for (let count = 0; count < 12; count += 1) {
      const riderId = (nextRider += 1);
      const add = { commandId: crypto.randomUUID(), riderId, requestedAt };
      await publish(world.bus, catalog.addRider, add);
    }
    const wait = await spanOf(
      ({ name, events }) =>
        name === 'permit riders_single' && events.length > 2 && events.at(-1)?.name === 'started',
    );
    expect(wait.events[0]).toEqual({
      name: expect.stringMatching(/^waiting_/),
      attributes: {
        position: expect.any(Number),
        estimatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    });
    expect(wait.events.slice(-2).map(({ name }) => name)).toEqual(['granted', 'started']);
    expect(wait.attributes).toEqual({
      'paceline.endpoint': 'riders_single',
      'paceline.lane': 'manual_rider_add',
    });
  });
});

describe('a run', () => {
  it('that another process had begun links to that tick, and one that continues it links to it as well', async () => {
    const before = await asking('a tick of a process that died');
    const now = Math.round(world.clock.now());
    const slot = { slotId: 'slot:rider:taken-up', kind: 'rider', mode: 'on', scheduledFor: now } as const;
    await world.db.insert(syncRuns).values({
      ...slot,
      runId: 'taken-up',
      slotEndsAt: now + 600_000,
      state: 'running',
      startedAt: now,
      counts: { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 },
      traceparent: before.traceparent,
    });
    await world.publish({ ...slot, endsAt: now + 600_000 });
    await world.publish({
      ...slot,
      slotId: 'slot:rider:going-on',
      runId: 'going-on',
      continues: 'taken-up',
      endsAt: now + 600_000,
    });
    for (const run of ['taken-up', 'going-on']) {
      const span = await spanOf(({ attributes }) => attributes['paceline.run'] === run);
      // Beside it there may be bulk calls that the run was served by.
      expect(span.links).toContainEqual(before.link);
      expect(placeOf(span).traceId).not.toBe(before.link.traceId);
    }
  });
});

describe('a dead-lettered message', () => {
  it('has failed in its trace too, with the reason', async () => {
    await world.bus.js.publish('paceline.command.add-rider', '{"commandId":"c","riderId":"many"}');
    const processing = await spanOf(({ attributes }) => attributes['paceline.settlement'] === 'dead-letter');
    expect(processing.name).toBe('process paceline.command.add-rider');
    expect(processing.status).toEqual({ code: 'error', message: expect.stringContaining('riderId') });
  });
});
