import { isPermanent, Unreachable } from '@paceline/client';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ComponentProps, type ReactNode, useState } from 'react';
import { apiDownSince, useStore } from '../api/client.ts';
import { type Poll, reads, useRead } from '../api/reads.ts';

interface ReadProps<T> {
  readonly from: Poll<T>;
  /** The data is about now: after an error it is unknown, instead of the last known. */
  readonly live?: boolean;
  /** What to say when it is not found. */
  readonly notFound?: string;
  readonly children: (data: T) => ReactNode;
}

export const Read = <T,>({ from, ...props }: ReadProps<T>) => <Loaded query={useRead(from)} {...props} />;

interface LoadedProps<T> extends Omit<ReadProps<T>, 'from'> {
  readonly query: UseQueryResult<T>;
}

/** Shows the latest data, unless `live` even after an error, or the reason why there is none. */
export function Loaded<T>({ query: { data, error }, live = false, notFound = '', children }: LoadedProps<T>) {
  const shown = live && error ? undefined : data;
  const isSaidAbove = useIsSaidAbove(error);
  return (
    <>
      {error && (
        <output className="wrong">
          {!isSaidAbove && `${error.message}. `}
          {advice(error, shown !== undefined, notFound)}
        </output>
      )}
      {shown === undefined ? !error && <p className="hint">Loading …</p> : children(shown)}
    </>
  );
}

function advice(error: Error, isShown: boolean, notFound: string): string {
  if (isShown) return 'Showing the last known data.';
  if (!isPermanent(error)) return 'Unknown; retrying …';
  return error.status === 404 ? notFound : '';
}

/** Whether the head of the page names the part that causes the error. */
function useIsSaidAbove(error: Error | null): boolean {
  const { data } = useRead(reads.health, false);
  const isApiDown = useStore(apiDownSince) !== undefined;
  if (isApiDown && error instanceof Unreachable) return true;
  return data?.parts.some(({ title }) => title === error?.message) === true;
}

interface TableProps {
  readonly caption?: string;
  readonly columns: readonly string[];
  /** The columns that are right-aligned. */
  readonly numbers?: readonly string[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
  readonly emptyText?: string;
  /** The headers; default: the names of the columns. */
  readonly headers?: ReactNode;
}

export const Table = ({ caption, columns, numbers = [], rows, emptyText, headers }: TableProps) => (
  <table>
    {caption !== undefined && <caption className="visually-hidden">{caption}</caption>}
    <thead>
      <tr>
        {headers ??
          columns.map((column) => (
            <th key={column} scope="col" className={numbers.includes(column) ? 'number' : undefined}>
              {column}
            </th>
          ))}
      </tr>
    </thead>
    <tbody>
      {rows.map(({ key, cells }) => (
        <tr key={key}>
          {cells.map((cell, index) => (
            <td
              key={columns[index]}
              data-label={columns[index]}
              className={numbers.includes(columns[index] ?? '') ? 'number' : undefined}
            >
              {cell}
            </td>
          ))}
        </tr>
      ))}
      {rows.length === 0 && emptyText !== undefined && (
        <tr>
          <td colSpan={columns.length}>{emptyText}</td>
        </tr>
      )}
    </tbody>
  </table>
);

interface TableCardProps extends TableProps {
  /** For rows with long texts: on a narrow screen each row is a card with the labels above the values. */
  readonly asCards?: boolean;
}

export const TableCard = ({ asCards = false, ...table }: TableCardProps) => (
  <div className={asCards ? 'card table-frame cards' : 'card table-frame'}>
    <Table {...table} />
  </div>
);

interface MoreHintProps {
  readonly of: { readonly items: readonly unknown[]; readonly next: string | null };
  readonly which?: 'first' | 'newest';
}

/** Says that a list has more than what is shown. */
export const MoreHint = ({ of: { items, next }, which = 'first' }: MoreHintProps) =>
  next !== null && (
    <p className="hint">
      Only the {which} {items.length} are shown.
    </p>
  );

interface TableToggleProps extends TableProps {
  readonly button?: string;
  readonly caption: string;
}

export function TableToggle({ button = 'Show as table', ...table }: TableToggleProps) {
  const [shown, setShown] = useState(false);
  return (
    <div className="table-toggle">
      <button type="button" className="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
        {button}
      </button>
      <div className={shown ? 'table-frame' : 'visually-hidden'}>
        <Table {...table} />
      </div>
    </div>
  );
}

interface ButtonProps extends ComponentProps<'button'> {
  /** Does nothing for now. Unlike a disabled button it keeps the focus. */
  readonly inactive?: boolean;
}

export const Button = ({ inactive = false, onClick, ...props }: ButtonProps) => (
  <button
    type="button"
    {...props}
    aria-disabled={inactive || undefined}
    onClick={inactive ? (event) => event.preventDefault() : onClick}
  />
);

export const ButtonGroup = ({ label, children }: { label: string; children: ReactNode }) => (
  <fieldset className="choices" aria-label={label}>
    {children}
  </fieldset>
);

export const ErrorMessage = ({ error }: { error: Error | null }) =>
  error && (
    <p className="wrong" role="alert">
      {error.message}
    </p>
  );
