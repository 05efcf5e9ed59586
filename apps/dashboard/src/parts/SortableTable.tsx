import type { ReactNode } from 'react';
import { setQuery } from '../app/route.ts';

export interface SortableColumn {
  readonly label: string;
  /** The field of the API to sort by; undefined: not sortable. */
  readonly sort?: string;
  /** Right-aligned, and the largest first when sorted for the first time. */
  readonly isNumber?: boolean;
}

interface Sorting {
  readonly sort: string;
  readonly order: 'asc' | 'desc';
}

/** The sorting in the query of the page, `?sort=rating&order=desc`, if it names a column; else the given one. */
export function sortingOf(
  query: URLSearchParams,
  columns: readonly SortableColumn[],
  initial: Sorting,
): Sorting {
  const sort = query.get('sort');
  if (sort === null || !columns.some((column) => column.sort === sort)) return initial;
  return { sort, order: query.get('order') === 'desc' ? 'desc' : 'asc' };
}

interface SortableTableProps {
  readonly caption: string;
  readonly columns: readonly SortableColumn[];
  readonly sorting: Sorting;
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
  readonly emptyText: string;
}

/** A table whose headers sort it, by the query of the page. The rows come sorted from the API. */
export const SortableTable = ({ caption, columns, sorting, rows, emptyText }: SortableTableProps) => (
  <div className="card table-frame">
    <table>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <Header key={column.label} column={column} sorting={sorting} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {cells.map((cell, index) => (
              <td key={columns[index]?.label} className={columns[index]?.isNumber ? 'number' : undefined}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
        {rows.length === 0 && (
          <tr>
            <td colSpan={columns.length}>{emptyText}</td>
          </tr>
        )}
      </tbody>
    </table>
  </div>
);

const arrows = { asc: ' ↑', desc: ' ↓' };

function Header({ column, sorting }: { column: SortableColumn; sorting: Sorting }) {
  const { label, sort, isNumber = false } = column;
  const className = isNumber ? 'number' : undefined;
  if (sort === undefined)
    return (
      <th scope="col" className={className}>
        {label}
      </th>
    );
  const current = sort === sorting.sort ? sorting.order : undefined;
  const first = isNumber ? 'desc' : 'asc';
  const next = current === undefined ? first : current === 'asc' ? 'desc' : 'asc';
  return (
    <th
      scope="col"
      className={className}
      aria-sort={current && (current === 'asc' ? 'ascending' : 'descending')}
    >
      <button type="button" className="sort" onClick={() => setQuery({ sort, order: next })}>
        {label}
        <span aria-hidden="true">{current && arrows[current]}</span>
      </button>
    </th>
  );
}
