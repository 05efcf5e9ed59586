import { kinds, type SyncKind } from '@paceline/shared/definition';
import { designed } from '@paceline/planning/plan';
import { nextSlot, slotsBetween } from '@paceline/planning/slots';
import type { Slot } from '@paceline/shared/contracts';
import type { Life } from '../life.ts';
import { live, type Script, sleep } from '../world/script.ts';

const minute = 60_000;
const hour = 60 * minute;

/** How often the design wants each kind to run. */
const intervals = { rider: 6 * hour, near: 15 * minute, far: 2 * hour } as const;
export type Kind = keyof typeof intervals;

/** Does something at every full interval of a kind, from the very beginning on. */
export function onTimer({ agenda }: Life, kind: Kind, does: () => void): void {
  live(
    (function* (): Script {
      for (;;) {
        does();
        yield* sleep(agenda, intervals[kind] - (agenda.now() % intervals[kind]));
      }
    })(),
  );
}

/** Runs again and again, each time at a full interval of the kind: one that takes longer leaves some out. */
export function runOnTimer(life: Life, kind: Kind, run: () => Script): void {
  const { agenda } = life;
  live(
    (function* (): Script {
      for (;;) {
        yield* run();
        yield* sleep(agenda, intervals[kind] - (agenda.now() % intervals[kind]));
      }
    })(),
  );
}

/** Runs in every slot of the design; a rider sync once at the very beginning too, as ours does. */
export function runInSlots(life: Life, kind: SyncKind, run: (slot: Slot) => Script): void {
  const { agenda } = life;
  const schedule = designed.schedules('UTC').find((each) => each.kind === kind);
  if (!schedule) throw new Error(`The design has no slots for ${kind}`);
  const { durationMs } = schedule;
  live(
    (function* (): Script {
      if (kinds[kind].atFirstStart) {
        const now = agenda.now();
        yield* run({ slotId: 'first', kind, scheduledFor: now, endsAt: nextSlot(schedule, now) });
      }
      for (;;) {
        const now = agenda.now();
        const open = slotsBetween(schedule, now - durationMs, now).find(({ endsAt }) => endsAt > now);
        if (open) yield* run(open);
        const next = nextSlot(schedule, open?.scheduledFor ?? now);
        yield* sleep(agenda, Math.max(next - agenda.now(), (open?.endsAt ?? 0) - agenda.now()));
      }
    })(),
  );
}
