import { subscribe } from 'node:diagnostics_channel';
import type { Meter } from '@opentelemetry/api';

interface Call {
  readonly request: { readonly origin: string | URL; readonly method: string };
  readonly response?: { readonly statusCode: number };
  readonly error?: Error & { readonly code?: string };
}

/** Real seconds. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Measures the HTTP calls of this process by host and status, as OpenTelemetry's conventions name them. */
export function measureHttpCalls(meter: Meter): void {
  const duration = meter.createHistogram('http.client.request.duration', {
    unit: 's',
    description: 'Duration of HTTP calls.',
    advice: { explicitBucketBoundaries: boundaries },
  });
  const open = new WeakMap<Call['request'], { readonly startedAt: number; statusCode?: number }>();
  const on = (event: string, handle: (call: Call) => void) =>
    subscribe(`undici:request:${event}`, (call) => handle(call as Call));
  const end = ({ request, error }: Call) => {
    const call = open.get(request);
    if (!call) return;
    open.delete(request);
    const { hostname, port, protocol } = new URL(request.origin);
    duration.record((performance.now() - call.startedAt) / 1_000, {
      'http.request.method': request.method,
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
      ...(call.statusCode !== undefined && { 'http.response.status_code': call.statusCode }),
      ...(error && { 'error.type': error.code ?? error.name }),
    });
  };
  on('create', ({ request }) => open.set(request, { startedAt: performance.now() }));
  on('headers', ({ request, response }) => {
    const call = open.get(request);
    if (call && response) call.statusCode = response.statusCode;
  });
  on('trailers', end);
  on('error', end);
}
