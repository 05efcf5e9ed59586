import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ask } from '../api/client.ts';
import type { Judged } from '../api/shapes.ts';
import type { Change } from './draft.ts';

/** Real ms without a key pressed. */
const quietMs = 400;

/** What the API says of a change, as soon as nobody types; without one, of what is in force. */
export function useLint(change: Change): UseQueryResult<Judged> {
  const text = JSON.stringify(change);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), quietMs);
    return () => clearTimeout(timer);
  }, [text]);
  return useQuery({
    queryKey: ['/v1/schedule/lint', settled],
    queryFn: async () => (await ask<Judged>('POST', '/v1/schedule/lint', JSON.parse(settled))).body,
    placeholderData: keepPreviousData,
  });
}
