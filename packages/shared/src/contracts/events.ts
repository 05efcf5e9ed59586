import { catalog, type EventMessage, type Message, type PayloadOf } from './catalog.ts';

type Catalog = typeof catalog;

/** The names under which the catalog has what is told on EVENTS. */
export type EventName = {
  [N in keyof Catalog]: Catalog[N] extends EventMessage ? N : never;
}[keyof Catalog];

/** Something that was told, and its place among all that was: sequences have no holes but at the beginning. */
export type ToldEvent = {
  [N in EventName]: { readonly name: N; readonly sequence: number; readonly payload: PayloadOf<Catalog[N]> };
}[EventName];

const named: ReadonlyArray<readonly [string, Message]> = Object.entries(catalog);

/** Each event by its subject. */
export const eventsBySubject: ReadonlyMap<string, readonly [EventName, EventMessage]> = new Map(
  named.flatMap(([name, message]) =>
    message.kind === 'event' ? [[message.subject, [name as EventName, message] as const] as const] : [],
  ),
);
