import { useEffect } from 'react';
import { createStore } from '../api/client.ts';

/** The title of the shown item, such as a rider's name; undefined: the page's own title. */
export const itemTitle = createStore<string | undefined>(undefined);

/** Makes this the heading and the document title while the item is shown. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    itemTitle.set(title);
    return () => itemTitle.set(undefined);
  }, [title]);
}
