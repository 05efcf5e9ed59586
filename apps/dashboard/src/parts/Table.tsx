import { type ReactNode, useState } from 'react';

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
