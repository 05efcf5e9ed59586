import type { Agenda } from './agenda.ts';

/** How a process waits: it is handed what wakes it. */
type Pause = (wake: (heard?: unknown) => void) => void;

/** A process, written as a generator: only where it waits does anything else happen, and can it die or freeze. */
export type Script<Result = void> = Generator<Pause, Result, unknown>;

/** Waits for what `pause` hands over. */
export function* hear<Heard>(pause: (wake: (heard: Heard) => void) => void): Script<Heard> {
  return (yield pause as Pause) as Heard;
}

/** Of two that may wake a process only the first one does. */
export function once<Heard>(wake: (heard: Heard) => void): (heard: Heard) => void {
  let over = false;
  return (heard) => {
    if (over) return;
    over = true;
    wake(heard);
  };
}

/** Waits for `ms` of project time. */
export const sleep = (agenda: Agenda, ms: number): Script<unknown> =>
  hear<unknown>((wake) => agenda.in(ms, () => wake(undefined)));

/** What becomes of a process: at which of its waits, counted from 1, it dies or freezes. */
export interface Fate {
  /** Before what it would have done there, or after it: what it has sent is on its way then. */
  readonly dies: { readonly at: number; readonly when: 'before' | 'after' } | undefined;
  readonly freezes: { readonly at: number; readonly forMs: number } | undefined;
}

const unharmed: Fate = { dies: undefined, freezes: undefined };

/** Lets a process live until it ends, or dies. @param agenda by which it thaws when it freezes */
export function live(script: Script<unknown>, { dies, freezes }: Fate = unharmed, agenda?: Agenda): void {
  let waits = 0;
  const goOn = (heard?: unknown): void => {
    const step = script.next(heard);
    if (step.done) return;
    waits += 1;
    if (waits === dies?.at) {
      if (dies.when === 'after') step.value(() => undefined);
      return;
    }
    const frozenMs = waits === freezes?.at ? freezes.forMs : undefined;
    step.value(frozenMs === undefined ? goOn : (heardThen) => agenda?.in(frozenMs, () => goOn(heardThen)));
  };
  goOn();
}
