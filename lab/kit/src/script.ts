import type { Agenda } from './agenda.ts';

/** Starts a wait; `wake` ends it with a value. */
type Pause = (wake: (value?: unknown) => void) => void;

/** A simulated process as a generator. Others run, and it can die or freeze, only while it waits. */
export type Script<Result = void> = Generator<Pause, Result, unknown>;

/** Waits until `wake` is called. @returns its value */
export function* waitFor<Value>(pause: (wake: (value: Value) => void) => void): Script<Value> {
  return (yield pause as Pause) as Value;
}

/** Ignores every call after the first. */
export function once<Value>(wake: (value: Value) => void): (value: Value) => void {
  let done = false;
  return (value) => {
    if (done) return;
    done = true;
    wake(value);
  };
}

/** Waits for `ms` of project time. */
export const sleep = (agenda: Agenda, ms: number): Script<unknown> =>
  waitFor<unknown>((wake) => agenda.in(ms, () => wake(undefined)));

/** At which wait, counted from 1, a process dies or freezes. */
export interface ScriptFault {
  /** Before the wait's effect or after it, when a message has already been sent. */
  readonly dies: { readonly at: number; readonly when: 'before' | 'after' } | undefined;
  readonly freezes: { readonly at: number; readonly forMs: number } | undefined;
}

const noFault: ScriptFault = { dies: undefined, freezes: undefined };

/** Runs a process until it ends or dies. @param agenda needed when it freezes */
export function runScript(
  script: Script<unknown>,
  { dies, freezes }: ScriptFault = noFault,
  agenda?: Agenda,
): void {
  let waits = 0;
  const resume = (value?: unknown): void => {
    const step = script.next(value);
    if (step.done) return;
    waits += 1;
    if (waits === dies?.at) {
      if (dies.when === 'after') step.value(() => undefined);
      return;
    }
    const frozenMs = waits === freezes?.at ? freezes.forMs : undefined;
    step.value(frozenMs === undefined ? resume : (value) => agenda?.in(frozenMs, () => resume(value)));
  };
  resume();
}
