/** What differs among the chosen results, one column each. */
import type { PageColumn, PageResults } from '../model.js';
import { cellText, isVaried, nameIn } from './result-rows.js';
import type { JSX } from './view.js';

const NAMED_KINDS: ReadonlySet<string> = new Set<PageColumn['kind']>(['param', 'metric']);

interface ComparisonProps {
  readonly results: PageResults;
  readonly chosen: readonly number[];
  readonly onClear: () => void;
}

export function Comparison({ results, chosen, onClear }: ComparisonProps): JSX.Element {
  const differing = results.columns.filter(
    (column) => isVaried(column, chosen) || chosen.length === 1,
  );
  const best = (column: PageColumn) => {
    if (column.kind !== 'metric' || chosen.length !== 2) return undefined;
    const [a, b] = chosen.map((row) => column.cells[row] ?? null);
    return a === null || b === null || a === undefined || b === undefined ? undefined : b - a;
  };
  return (
    <section class="comparison" aria-label="Comparison">
      <div class="bar-of">
        <h3>
          {chosen.length === 1 ? 'One result' : `What differs among ${chosen.length} results`}
        </h3>
        <button type="button" onClick={onClear}>
          clear
        </button>
        {chosen.length === 1 && <p class="soft">choose another one to compare</p>}
      </div>
      <div class="wide tall">
        <table>
          <thead>
            <tr>
              <th scope="col">part</th>
              {chosen.map((row) => (
                <th key={row} scope="col">
                  {nameIn(results, row)}
                </th>
              ))}
              {chosen.length === 2 && <th scope="col">change</th>}
            </tr>
          </thead>
          <tbody>
            {differing.map((column) => {
              const change = best(column);
              return (
                <tr key={column.name}>
                  <th scope="row">
                    {column.name}{' '}
                    {NAMED_KINDS.has(column.kind) && <span class="soft kind">{column.kind}</span>}
                  </th>
                  {chosen.map((row) => (
                    <td key={row}>{cellText(column, row)}</td>
                  ))}
                  {chosen.length === 2 && (
                    <td>
                      {change === undefined
                        ? ''
                        : `${change > 0 ? '+' : ''}${Number(change.toPrecision(4))}`}
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
