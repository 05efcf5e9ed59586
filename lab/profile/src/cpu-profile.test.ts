import { describe, expect, it } from 'vitest';
import { costsOf } from './cpu-profile.ts';

const frames = [
  ['(idle)', '', -1],
  ['(garbage collector)', '', -1],
  ['parse', 'file:///p/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js', 11],
  ['', 'file:///p/node_modules/.pnpm/core@3/node_modules/@nats-io/core/lib/x.js', 4],
  ['publish', 'file:///p/packages/shared/src/messaging/publish.ts', 9],
  ['writeGeneric', 'node:internal/stream_base_commons', 99],
  ['map', '', -1],
  ['post', 'node:inspector', 114],
] as const;
const profile = (samples: readonly number[], timeDeltas: readonly number[]) =>
  costsOf(
    {
      nodes: frames.map(([functionName, url, lineNumber], id) => ({
        id,
        callFrame: { functionName, url, lineNumber },
      })),
      samples,
      timeDeltas,
    },
    '/p',
  );

describe('the costs of a CPU profile', () => {
  it("are those of npm's packages, our folders, Node and native code", () => {
    const { packages } = profile([1, 2, 3, 4, 5, 6], [1_000, 6_000, 5_000, 4_000, 3_000, 2_000]);
    expect(packages).toEqual([
      { name: 'pg', ms: 6 },
      { name: '@nats-io/core', ms: 5 },
      { name: 'packages/shared/src/messaging', ms: 4 },
      { name: 'Node', ms: 3 },
      { name: 'native code', ms: 2 },
      { name: '(garbage collector)', ms: 1 },
    ]);
  });

  it('name each function with its line, without idle time and the profiler', () => {
    const { functions } = profile([4, 0, 4, 3, 7], [1_000, 50_000, 1_500, 100, 9_000]);
    expect(functions).toEqual([
      { name: 'publish (packages/shared/src/messaging, publish.ts:10)', ms: 2.5 },
      { name: 'anonymous (@nats-io/core, x.js:5)', ms: 0.1 },
    ]);
  });
});
