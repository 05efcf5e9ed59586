import { catalog } from '@paceline/shared/contracts';
import { type Bus, listen } from '@paceline/shared/messaging';
import { CommandCancelled } from './core/cancelled.ts';

/** Hears which commands are not wanted any more. */
export interface Cancellations {
  /** A signal that aborts when the command is cancelled from now on; `end` when it is carried out. */
  of(commandId: string): { readonly signal: AbortSignal; end(): void };
}

export function hearCancellations(bus: Bus): Cancellations {
  const inHand = new Map<string, AbortController>();
  listen(bus, catalog.commandCancelled, {}, ({ commandId }) => {
    inHand.get(commandId)?.abort(new CommandCancelled(`the command ${commandId} was cancelled`));
  });
  return {
    of(commandId) {
      const controller = new AbortController();
      inHand.set(commandId, controller);
      return { signal: controller.signal, end: () => void inHand.delete(commandId) };
    },
  };
}
