import { createClock } from '@paceline/shared/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sandboxClock } from './sandbox-time.ts';

/** What a clock of this setting shows at a real moment. */
const shownAt = ({ scale, anchor }: { scale: number; anchor: number }, realNow: number) =>
  anchor + (realNow - anchor) * scale;

describe("a sandbox's clock", () => {
  it('begins at 18:20 in the evening, whenever it is started, at most a day ahead', () => {
    const moments = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2035, 0, 1) });
    fc.assert(
      fc.property(moments, fc.integer({ min: 2, max: 1_000 }), (realNow, scale) => {
        const shown = shownAt(sandboxClock(realNow, scale), realNow);
        const evening = new Date(Math.round(shown / 1_000) * 1_000);
        expect(evening.toISOString().slice(11, 16)).toMatch(/18:(19|20)/);
        expect(Math.abs(shown - realNow)).toBeLessThanOrEqual(86_400_000 + 1_000);
      }),
    );
  });

  it('runs on from there at its pace', () => {
    const setting = sandboxClock(Date.now(), 60);
    expect(createClock(setting).now()).toBeGreaterThan(Date.now() - 1_000);
  });
});
