import type { Agenda } from '@paceline/kit/agenda';

/** How a process waits: it is handed what wakes it. */
type Pause = (wake: (heard?: unknown) => void) => void;

/** A process, written as a generator: between two of its waits nothing else happens. */
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

/** Lets a process run until it ends. */
export function live(script: Script<unknown>): void {
  const goOn = (heard?: unknown): void => {
    const step = script.next(heard);
    if (!step.done) step.value(goOn);
  };
  goOn();
}
