/** What is going to happen, in virtual ms: everything in its order, nothing by itself. */
export interface Agenda {
  now(): number;
  /** Even in 0 ms it happens later than what is under way. */
  in(ms: number, does: () => void): void;
  /** Lets everything happen. @throws when that takes more than `most` steps: somebody waits for ever */
  run(most: number): void;
}

export function createAgenda(start: number): Agenda {
  let now = start;
  const coming: Array<{ readonly at: number; readonly does: () => void }> = [];
  return {
    now: () => now,
    in(ms, does) {
      const at = now + Math.max(0, Math.ceil(ms));
      const before = coming.findLastIndex((each) => each.at <= at);
      coming.splice(before + 1, 0, { at, does });
    },
    run(most) {
      for (let steps = 0; coming.length > 0; steps += 1) {
        if (steps === most) throw new Error(`after ${most} steps there is no end`);
        const next = coming.shift();
        now = next?.at ?? now;
        next?.does();
      }
    },
  };
}
