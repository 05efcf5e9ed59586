import { headers } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sharedBrokerAccount } from '../testing/backend.ts';
import {
  contextFrom,
  currentTraceContext,
  extractTraceContext,
  injectTraceContext,
  inSpan,
  SpanKind,
  withTraceContext,
} from './index.ts';
import { startTelemetry } from './sdk.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './testing/otlp-receiver.ts';

let otlp: OtlpReceiver;

beforeAll(async () => {
  otlp = await startOtlpReceiver();
  for (const [name, value] of Object.entries(otlp.env)) vi.stubEnv(name, value);
  await startTelemetry();
});

afterAll(async () => {
  await otlp.close();
  vi.unstubAllEnvs();
});

const received = (name: string): Promise<ReceivedSpan> =>
  vi.waitFor(
    () => {
      const span = otlp.spans().find((each) => each.name === name);
      expect(span, `the span "${name}"`).toBeDefined();
      return span as ReceivedSpan;
    },
    { timeout: 60_000 },
  );

describe('inSpan', () => {
  it('makes the span active during the work, and returns its result', async () => {
    const result = await inSpan(
      'outer',
      { kind: SpanKind.SERVER, attributes: { lane: 'manual' } },
      async (outer) => {
        await Promise.resolve();
        expect(trace.getActiveSpan()).toBe(outer);
        return inSpan('inner', {}, () => 42);
      },
    );
    expect(result).toBe(42);
    expect(trace.getActiveSpan()).toBeUndefined();
    const outer = await received('outer');
    expect(outer).toMatchObject({ kind: 'server', attributes: { lane: 'manual' }, parentSpanId: undefined });
    expect(await received('inner')).toMatchObject({ traceId: outer.traceId, parentSpanId: outer.spanId });
  });

  it('records and rethrows an error, without secrets', async () => {
    const failure = new TypeError('no route to nats://me:hush@broker');
    await expect(inSpan('fails later', {}, () => Promise.reject(failure))).rejects.toBe(failure);
    const span = await received('fails later');
    expect(span.status).toEqual({ code: 'error', message: 'no route to nats://***@broker' });
    expect(span.events).toMatchObject([
      {
        name: 'exception',
        attributes: { 'exception.type': 'TypeError', 'exception.message': span.status.message },
      },
    ]);
    expect(JSON.stringify(span)).not.toContain('hush');
  });

  it('rejects when the work throws synchronously, or throws a non-error', async () => {
    const throwing = inSpan('fails immediately', {}, () => {
      throw 'a text';
    });
    await expect(throwing).rejects.toBe('a text');
    expect((await received('fails immediately')).status).toEqual({ code: 'error', message: 'a text' });
  });

  it('can continue another trace, and link to spans', async () => {
    const carrier = await inSpan('request', {}, () => currentTraceContext());
    const [, traceId, spanId] = String(carrier.traceparent).split('-') as [string, string, string];
    await inSpan('unrelated', {}, () =>
      inSpan(
        'reply',
        { parent: contextFrom(carrier), links: [{ context: { traceId, spanId, traceFlags: 1 } }] },
        () => undefined,
      ),
    );
    const sent = await received('request');
    expect(await received('reply')).toMatchObject({
      traceId: sent.traceId,
      parentSpanId: sent.spanId,
      links: [{ traceId, spanId }],
    });
  });
});

describe('trace context', () => {
  it('is propagated in NATS headers', { timeout: 60_000 }, async () => {
    const url = new URL((await sharedBrokerAccount())('admin'));
    const { host, username: user, password: pass } = url;
    const connection = await connect({ servers: host, user, pass });
    connection.subscribe('echo', {
      callback: (_, message) =>
        void inSpan('process', { parent: extractTraceContext(message.headers) }, () => message.respond()),
    });
    await inSpan('publish', {}, async () => {
      const carrier = headers();
      injectTraceContext(carrier);
      await connection.request('echo', '', { timeout: 60_000, headers: carrier });
    });
    await connection.close();
    const publish = await received('publish');
    expect(await received('process')).toMatchObject({
      traceId: publish.traceId,
      parentSpanId: publish.spanId,
    });
  });

  it('is propagated as fields of a payload', async () => {
    const payload = await inSpan('batched request', {}, () => JSON.stringify(currentTraceContext()));
    expect(JSON.parse(payload)).toEqual({
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    });
    await withTraceContext(JSON.parse(payload), () => inSpan('grant', {}, () => undefined));
    const sent = await received('batched request');
    expect(await received('grant')).toMatchObject({ traceId: sent.traceId, parentSpanId: sent.spanId });
  });

  it('falls back to the active one when missing or invalid', async () => {
    expect(currentTraceContext()).toEqual({});
    await inSpan('active', {}, async (span) => {
      const { spanId } = span.spanContext();
      const contexts = [contextFrom({}), contextFrom({ traceparent: 'x' }), extractTraceContext(undefined)];
      expect(contexts.map((each) => trace.getSpanContext(each)?.spanId)).toEqual([spanId, spanId, spanId]);
      expect(trace.getSpanContext(extractTraceContext(headers()))?.spanId).toBe(spanId);
    });
  });
});
