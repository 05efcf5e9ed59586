import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Poll, useRead } from '../api/reads.ts';

export const Read = <T,>({ from, children }: { from: Poll<T>; children: (data: T) => ReactNode }) => (
  <Loaded query={useRead(from)}>{children}</Loaded>
);

/** Shows data as soon as some is there, however old, and says why there is none. */
export function Loaded<T>({
  query,
  children,
}: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}) {
  const { data, error } = query;
  return (
    <>
      {error && (
        <output className="wrong">
          {error.message}. {data === undefined ? 'Asking again …' : 'This is what was last heard.'}
        </output>
      )}
      {data === undefined ? !error && <p className="hint">Loading …</p> : children(data)}
    </>
  );
}
