import type { Command } from '@paceline/client';
import { titleOf } from '@paceline/client/text';
import type { ReactNode } from 'react';
import { TableCard } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { CancelButton } from './CancelButton.tsx';
import { RequestProgress } from './RequestProgress.tsx';

/** A row per request, the newest first. */
export const RequestTable = ({ requests }: { requests: readonly Command[] }) => (
  <TableCard
    asCards
    columns={['Request', 'Requested at', 'Status', 'Action']}
    rows={requests.map((request) => ({ key: request.commandId, cells: cellsOf(request) }))}
  />
);

const cellsOf = (request: Command): ReactNode[] => [
  request.rider === null ? (
    titleOf(request)
  ) : (
    <a key="rider" href={`#/riders/${request.riderId}`}>
      {titleOf(request)}
    </a>
  ),
  <Time key="time" at={request.requestedAt} />,
  <RequestProgress key="status" request={request} />,
  <CancelButton key="cancel" command={request} />,
];
