import { createStore } from './store.ts';

const key = 'paceline-token';

/** The token of this browser tab, when the API wants one; it is forgotten with the tab. */
export const token = {
  get: () => sessionStorage.getItem(key),
  set(value: string) {
    sessionStorage.setItem(key, value);
    tokenWanted.set(undefined);
  },
};

/** Why the page has to ask for a token; undefined: it need not. */
export const tokenWanted = createStore<'missing' | 'wrong' | undefined>(undefined);

/** A request with this token was refused; another one may have been given since it was sent. */
export function refused(used: string | null): void {
  if (used === token.get()) tokenWanted.set(used === null ? 'missing' : 'wrong');
}
