import { createStore } from './store.ts';

/** Whether the API tells what changes: then there is less to ask for. */
export const live = createStore(false);

/** How long (real ms) to wait before asking again for what the stream tells the changes of. */
export const paced = (everyMs: number): number => (live.get() ? Math.max(10_000, everyMs) : everyMs);
