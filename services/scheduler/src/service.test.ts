import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './testing/stage.ts';

const minute = 60_000;
let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

const ticksOf = async (kind: string) => (await stage.ticks()).filter((tick) => tick.kind === kind);

describe('two schedulers', () => {
  it('open each slot exactly once, also when one of them stops and another starts', async () => {
    const first = await stage.start();
    await stage.start();
    await stage.until(async () => expect((await ticksOf('near')).length).toBeGreaterThan(5));
    await first.stop();
    await stage.start();
    await stage.until(async () => expect((await ticksOf('far')).length).toBeGreaterThan(1));

    const ids = (await stage.ticks()).map(({ slotId }) => slotId);
    expect(new Set(ids).size).toBe(ids.length);
    const near = (await ticksOf('near')).map(({ scheduledFor }) => scheduledFor);
    expect(near).toEqual(near.map((_, index) => stage.startsAt + (4 + 15 * index) * minute));
  });

  it('open the initial rider slot at once, and only once', async () => {
    const riders = await ticksOf('rider');
    expect(riders[0]).toMatchObject({ slotId: 'slot:rider:initial', scheduledFor: stage.startsAt });
    expect(riders.filter(({ slotId }) => slotId === 'slot:rider:initial')).toHaveLength(1);
  });
});
