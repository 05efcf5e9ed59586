import type { Club, ResponseOf } from '@paceline/client';
import { ratingText } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import type { ReactNode } from 'react';
import { reads, useList, useRead } from '../api/reads.ts';
import { setQuery } from '../app/route.ts';
import { useTitle } from '../app/title.ts';
import { Button, ButtonGroup, Loaded, MoreHint, TableCard } from '../parts/elements.tsx';
import { Age, Countdown, Day } from '../parts/time.tsx';
import { ClubProgress } from './ClubPass.tsx';

type Member = ResponseOf<'GET /v1/clubs/{clubId}/members'>['items'][number];

export function ClubPage({ clubId, query }: { clubId: number; query: URLSearchParams }) {
  const club = useRead(reads.club(clubId));
  useTitle(club.data?.name);
  const isFormer = query.get('show') === 'left';
  return (
    <>
      <p>
        <a href="#/clubs">All clubs</a>
      </p>
      <Loaded query={club} notFound="Only clubs that are synced have a page.">
        {(data) => (
          <>
            <Head club={data} />
            <ClubProgress clubId={clubId} />
            <div className="toolbar">
              <ButtonGroup label="Members shown">
                <Button aria-pressed={!isFormer} onClick={() => setQuery({ show: undefined })}>
                  Members
                </Button>
                <Button aria-pressed={isFormer} onClick={() => setQuery({ show: 'left' })}>
                  Left
                </Button>
              </ButtonGroup>
              <a href={`#/riders?clubId=${clubId}`}>Ratings and trends of the riders</a>
            </div>
            <Members clubId={clubId} isFormer={isFormer} />
          </>
        )}
      </Loaded>
    </>
  );
}

const Head = ({ club: { members, joined30, left30, fetchedAt, nextRefreshAt } }: { club: Club }) => (
  <p className="summary">
    {count(members, 'member')}, {joined30} joined and {left30} left in the last 30 days
    <br />
    <span className="hint">
      Updated <Age at={fetchedAt} />, next refresh{' '}
      {nextRefreshAt === null ? 'unknown or not planned' : <Countdown at={nextRefreshAt} />}
    </span>
  </p>
);

const Members = ({ clubId, isFormer }: { clubId: number; isFormer: boolean }) => (
  <Loaded query={useList(reads.clubMembers(clubId, !isFormer))}>
    {(members) =>
      members.items.length === 0 ? (
        <p className="card">{isFormer ? 'No member has left.' : 'No members.'}</p>
      ) : (
        <>
          <TableCard
            columns={['Rider', 'Category', 'Rating', 'Joined', ...(isFormer ? ['Left'] : [])]}
            numbers={['Rating']}
            rows={members.items.map((member) => ({
              key: String(member.riderId),
              cells: cellsOf(member, isFormer),
            }))}
          />
          <MoreHint of={members} />
        </>
      )
    }
  </Loaded>
);

const cellsOf = (
  { riderId, name, category, rating, joinedAt, leftAt }: Member,
  isFormer: boolean,
): ReactNode[] => [
  <a key="rider" href={`#/riders/${riderId}`}>
    {name ?? riderId}
  </a>,
  category ?? '–',
  ratingText(rating),
  <Day key="joined" at={joinedAt} />,
  ...(isFormer ? [leftAt === null ? '–' : <Day key="left" at={leftAt} />] : []),
];
