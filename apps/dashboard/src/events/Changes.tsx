import type { Signup } from '@paceline/client';
import { useState } from 'react';
import { Button, Table } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { type Change, changesOf, type Filter } from './layout.ts';
import { RiderName } from './RiderName.tsx';

/** Who withdrew and who joined, and when. */
export function Changes({ signups, filter }: { signups: readonly Signup[]; filter: Filter }) {
  const changes = changesOf(signups, filter);
  return (
    <section aria-label="Changes">
      <h2>Changes</h2>
      <p className="hint">Each with the time of the copy that showed it first.</p>
      <div className="halves">
        <ChangeList
          title="Withdrew"
          changes={changes.filter(({ joined }) => !joined)}
          emptyText="No rider has withdrawn."
        />
        <ChangeList
          title="Joined"
          changes={changes.filter(({ joined }) => joined)}
          emptyText="No rider has joined since the first copy."
        />
      </div>
    </section>
  );
}

const shownFirst = 10;

interface ChangeListProps {
  readonly title: string;
  readonly changes: readonly Change[];
  readonly emptyText: string;
}

function ChangeList({ title, changes, emptyText }: ChangeListProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? changes : changes.slice(0, shownFirst);
  return (
    <section className="card table-frame" aria-label={title}>
      <h3>
        {title} <span className="hint">{changes.length}</span>
      </h3>
      <Table
        caption={`${title}, newest first`}
        columns={['Time', 'Rider', 'Pen']}
        rows={shown.map(({ at, signup }) => ({
          key: String(signup.riderId),
          cells: [<Time key="at" at={at} />, <RiderName key="name" rider={signup} />, signup.pen],
        }))}
        emptyText={emptyText}
      />
      {changes.length > shownFirst && (
        <Button className="quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show fewer' : `Show all ${changes.length}`}
        </Button>
      )}
    </section>
  );
}
