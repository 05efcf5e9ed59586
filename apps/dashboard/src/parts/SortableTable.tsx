import type { ReactNode } from 'react';
import { setQuery } from '../app/route.ts';
import { Table } from './elements.tsx';

export interface SortableColumn<Field extends string = string> {
  readonly label: string;
  /** The field of the API to sort by; undefined: not sortable. */
  readonly sort?: Field;
  /** Right-aligned, and the largest first when sorted for the first time. */
  readonly isNumber?: boolean;
}

interface Sorting<Field extends string = string> {
  readonly sort: Field;
  readonly order: 'asc' | 'desc';
}

/** The sorting in the query of the page, `?sort=rating&order=desc`, if it names a column; else the given one. */
export function sortingOf<Field extends string>(
  query: URLSearchParams,
  columns: readonly SortableColumn<Field>[],
  initial: Sorting<Field>,
): Sorting<Field> {
  const sort = columns.find((column) => column.sort !== undefined && column.sort === query.get('sort'))?.sort;
  if (sort === undefined) return initial;
  return { sort, order: query.get('order') === 'desc' ? 'desc' : 'asc' };
}

interface SortableTableProps {
  readonly caption: string;
  readonly columns: readonly SortableColumn[];
  readonly sorting: Sorting;
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
  readonly emptyText: string;
  /** For many columns: on a narrow screen each row is a card with the labels above the values. */
  readonly asCards?: boolean;
}

/** A table whose headers sort it, by the query of the page. The rows come sorted from the API. */
export const SortableTable = ({
  caption,
  columns,
  sorting,
  rows,
  emptyText,
  asCards = false,
}: SortableTableProps) => (
  <div className={asCards ? 'card table-frame cards' : 'card table-frame'}>
    {asCards && <SortChoice columns={columns} sorting={sorting} />}
    <Table
      caption={caption}
      columns={columns.map(({ label }) => label)}
      numbers={columns.filter(({ isNumber }) => isNumber).map(({ label }) => label)}
      rows={rows}
      emptyText={emptyText}
      headers={columns.map((column) => (
        <Header key={column.label} column={column} sorting={sorting} />
      ))}
    />
  </div>
);

const opposite = (order: Sorting['order']) => (order === 'asc' ? 'desc' : 'asc');
const firstOrder = ({ isNumber = false }: SortableColumn) => (isNumber ? 'desc' : 'asc');

/** Instead of the headers, which cards do not have. */
function SortChoice({ columns, sorting }: { columns: readonly SortableColumn[]; sorting: Sorting }) {
  const choices = columns.filter(({ sort }) => sort !== undefined);
  return (
    <p className="sort-choice">
      <label>
        Sort by{' '}
        <select
          value={sorting.sort}
          onChange={({ target }) => {
            const column = choices.find(({ sort }) => sort === target.value);
            if (column) setQuery({ sort: column.sort, order: firstOrder(column) });
          }}
        >
          {choices.map(({ label, sort }) => (
            <option key={sort} value={sort}>
              {label}
            </option>
          ))}
        </select>
      </label>{' '}
      <button type="button" onClick={() => setQuery({ sort: sorting.sort, order: opposite(sorting.order) })}>
        Reverse order
      </button>
    </p>
  );
}

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
  const next = current === undefined ? firstOrder(column) : opposite(current);
  return (
    <th
      scope="col"
      className={className}
      aria-sort={current && (current === 'asc' ? 'ascending' : 'descending')}
    >
      <button type="button" className="sort" onClick={() => setQuery({ sort, order: next })}>
        {label}
        {current && <span className={`arrow ${current}`} />}
      </button>
    </th>
  );
}
