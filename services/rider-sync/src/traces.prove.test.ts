import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { currentTraceContext, inSpan } from '@paceline/shared/telemetry';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '@paceline/shared/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually } from '@paceline/shared/testing';
import { openRiderSyncHarness, type RiderSyncHarness } from './testing/harness.ts';

const { commands, syncRuns, wantedRiders } = tables;

let otlp: OtlpReceiver;
let harness: RiderSyncHarness;
let nextRider = 4_400_000;

beforeAll(async () => {
  otlp = await startOtlpReceiver();
  for (const [name, value] of Object.entries(otlp.env)) vi.stubEnv(name, value);
  await import('@paceline/shared/telemetry/start');
  harness = await openRiderSyncHarness({ scale: 2_400 });
  await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
});

afterAll(async () => {
  await harness?.close();
  await otlp?.close();
  vi.unstubAllEnvs();
});

/** Makes the span of a request, with its traceparent as stored with the command. */
const requestSpan = (name: string) =>
  inSpan(name, {}, () => {
    const { traceparent = '' } = currentTraceContext();
    const [, traceId = '', spanId = ''] = traceparent.split('-');
    return { traceparent, link: { traceId, spanId } };
  });

/** Spans are exported in batches, in real time. */
const spanOf = (test: (span: ReceivedSpan) => boolean) =>
  harness.during(
    eventually(
      () => {
        const found = otlp.spans().find(test);
        if (!found) throw new Error('span not exported yet');
        return found;
      },
      { timeoutMs: 60_000 },
    ),
  );
const placeOf = ({ traceId, spanId }: ReceivedSpan) => ({ traceId, spanId });

describe('a bulk call', () => {
  it('has a trace of its own, linked both ways with each command it serves', async () => {
    const requestedAt = Math.round(harness.clock.now());
    const requests = await Promise.all(['first', 'second'].map(requestSpan));
    for (const { traceparent } of requests) {
      const commandId = crypto.randomUUID();
      await harness.db.insert(commands).values({
        commandId,
        type: 'import-riders',
        progress: { state: 'waiting_in_line', position: 1, at: requestedAt },
        requestedAt,
        updatedAt: requestedAt,
        traceparent,
      });
      await harness.db.insert(wantedRiders).values(
        Array.from({ length: 20 }, () => ({
          commandId,
          riderId: (nextRider += 1),
          why: 'import' as const,
          freshFrom: requestedAt,
          since: requestedAt,
        })),
      );
      await publish(harness.bus, catalog.importRiders, { commandId, requestedAt });
    }
    const both = requests.map(({ link }) => link);
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

describe('a rider added by several commands', () => {
  it('takes one call, to which the spans of the other commands link', async () => {
    const riderId = (nextRider += 1);
    const requestedAt = Math.round(harness.clock.now());
    await Promise.all(
      [1, 2].map(() =>
        publish(harness.bus, catalog.addRider, { commandId: crypto.randomUUID(), riderId, requestedAt }),
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
  it('has events for the reason, position and estimate, the grant and the start', async () => {
    const requestedAt = Math.round(harness.clock.now());
    // The limit is five per minute.
    for (let count = 0; count < 12; count += 1) {
      const riderId = (nextRider += 1);
      const add = { commandId: crypto.randomUUID(), riderId, requestedAt };
      await publish(harness.bus, catalog.addRider, add);
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
  it('taken over from another process links to its tick, and so does a run that continues it', async () => {
    const before = await requestSpan('tick of a process that died');
    const now = Math.round(harness.clock.now());
    const slot = { slotId: 'slot:rider:taken-up', kind: 'rider', mode: 'on', scheduledFor: now } as const;
    await harness.db.insert(syncRuns).values({
      ...slot,
      runId: 'taken-up',
      slotEndsAt: now + 600_000,
      state: 'running',
      startedAt: now,
      counts: { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 },
      traceparent: before.traceparent,
    });
    await harness.publish({ ...slot, endsAt: now + 600_000 });
    await harness.publish({
      ...slot,
      slotId: 'slot:rider:continued',
      runId: 'continued',
      continues: 'taken-up',
      endsAt: now + 600_000,
    });
    for (const run of ['taken-up', 'continued']) {
      const span = await spanOf(({ attributes }) => attributes['paceline.run'] === run);
      // There can be more links, to bulk calls for the run.
      expect(span.links).toContainEqual(before.link);
      expect(placeOf(span).traceId).not.toBe(before.link.traceId);
    }
  });
});

describe('a dead-lettered message', () => {
  it('has the failure and its reason in its trace', async () => {
    await harness.bus.js.publish('paceline.command.add-rider', '{"commandId":"c","riderId":"many"}');
    const processing = await spanOf(({ attributes }) => attributes['paceline.settlement'] === 'dead-letter');
    expect(processing.name).toBe('process paceline.command.add-rider');
    expect(processing.status).toEqual({ code: 'error', message: expect.stringContaining('riderId') });
  });
});
