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

export function refused(): void {
  tokenWanted.set(token.get() === null ? 'missing' : 'wrong');
}
