import { createStore } from '../api/store.ts';

const key = 'paceline-asked';

/** A wish of this browser tab: it goes on being asked for, whatever the API or the page lives through meanwhile. */
export interface Asked {
  readonly commandId: string;
  readonly traceId: string | null;
}

/** The newest first; kept as long as the tab. */
export const asked = createStore<readonly Asked[]>(
  JSON.parse(sessionStorage.getItem(key) ?? '[]') as Asked[],
);

export function remember(wish: Asked): void {
  asked.set([wish, ...asked.get()].slice(0, 20));
  sessionStorage.setItem(key, JSON.stringify(asked.get()));
}
