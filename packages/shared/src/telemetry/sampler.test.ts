import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { samplerFromEnv } from './sampler.ts';

afterEach(() => vi.unstubAllEnvs());

describe('OTEL_TRACES_SAMPLER', () => {
  it.each([
    ['', '', /^ParentBased\{root=AlwaysOnSampler,/],
    ['always_on', '', /^AlwaysOnSampler$/],
    ['always_off', '', /^AlwaysOffSampler$/],
    ['traceidratio', '0.25', /^TraceIdRatioBased\{0\.25\}$/],
    ['traceidratio', '', /^TraceIdRatioBased\{1\}$/],
    ['parentbased_always_off', '', /^ParentBased\{root=AlwaysOffSampler,/],
    ['parentbased_traceidratio', '0.1', /^ParentBased\{root=TraceIdRatioBased\{0\.1\},/],
    ['xray', '', /^ParentBased\{root=AlwaysOnSampler,/],
  ])('"%s" with argument "%s" means %s', (name, argument, expected) => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', name);
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument);
    expect(samplerFromEnv().toString()).toMatch(expected);
  });

  it('decides by the ratio it was given', () => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'traceidratio');
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0');
    const { decision } = samplerFromEnv().shouldSample(
      ROOT_CONTEXT,
      'f'.repeat(32),
      'x',
      SpanKind.INTERNAL,
      {},
      [],
    );
    expect(decision).toBe(0);
  });
});
