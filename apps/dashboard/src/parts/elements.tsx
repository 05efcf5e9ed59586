import type { UseQueryResult } from '@tanstack/react-query';
import { type ComponentProps, type ReactNode, useState } from 'react';
import { type Poll, useRead } from '../api/reads.ts';

export const Read = <T,>({ from, children }: { from: Poll<T>; children: (data: T) => ReactNode }) => (
  <Loaded query={useRead(from)}>{children}</Loaded>
);

/** Shows data as soon as some is there, however old, and says why there is none. */
export function Loaded<T>(props: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  const { data, error } = props.query;
  return (
    <>
      {error && (
        <output className="wrong">
          {error.message}. {data === undefined ? 'Asking again …' : 'This is what was last heard.'}
        </output>
      )}
      {data === undefined ? !error && <p className="hint">Loading …</p> : props.children(data)}
    </>
  );
}

interface TableProps {
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
  readonly none?: string;
}

export const Table = ({ caption, columns, rows, none }: TableProps) => (
  <table>
    {caption !== undefined && <caption className="unseen">{caption}</caption>}
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column} scope="col">
            {column}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map(({ key, cells }) => (
        <tr key={key}>
          {cells.map((cell, index) => (
            <td key={columns[index]}>{cell}</td>
          ))}
        </tr>
      ))}
      {rows.length === 0 && none !== undefined && (
        <tr>
          <td colSpan={columns.length}>{none}</td>
        </tr>
      )}
    </tbody>
  </table>
);

export const TableCard = (table: TableProps) => (
  <div className="card table-frame">
    <Table {...table} />
  </div>
);

interface TableBehindProps extends TableProps {
  readonly button?: string;
  readonly caption: string;
}

export function TableBehind({ button = 'As a table', ...table }: TableBehindProps) {
  const [shown, setShown] = useState(false);
  return (
    <div className="behind">
      <button type="button" className="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
        {button}
      </button>
      <div className={shown ? 'table-frame' : 'unseen'}>
        <Table {...table} />
      </div>
    </div>
  );
}

export const Button = (props: ComponentProps<'button'>) => <button type="button" {...props} />;

export const Choices = ({ label, children }: { label: string; children: ReactNode }) => (
  <fieldset className="choices" aria-label={label}>
    {children}
  </fieldset>
);

export const Refusal = ({ error }: { error: Error | null }) =>
  error && (
    <p className="wrong" role="alert">
      {error.message}
    </p>
  );
