/** All results so far: sorted, filtered, compared, and drawn. */
import type { PageColumn, PageResults } from '../model.js';
import { Check, Choice, Search } from './controls.js';
import { plural } from './format-values.js';
import type { Data } from './page-state.js';
import { Comparison } from './result-comparison.js';
import { Parallel, Scatter } from './result-plots.js';
import { filterOf, isUsage, isVaried, nameIn, type Test } from './result-rows.js';
import { ResultTable } from './result-table.js';
import { type JSX, useMemo, useState } from './view.js';

const FORMS = { table: 'table', scatter: 'scatter', parallel: 'parallel' } as const;
type Form = keyof typeof FORMS;

const MOST_COMPARED = 8;

export function Results({ data }: { readonly data: Data }): JSX.Element {
  const { results, items } = data.model;
  const [text, setText] = useState('');
  const [form, setForm] = useState<Form>('table');
  const [showsAll, setShowsAll] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const stages = useMemo(() => stagesOf(results), [results]);
  const [stage, setStage] = useState(() => measuredStage(results, stages));
  const base = stages.get(stage) ?? [];
  const { rows, problem } = useFiltered(results, base, text);
  const varied = useMemo(
    () => results.columns.filter((each) => isUseful(each, base)),
    [results, base],
  );
  const columns = useMemo(
    () => (showsAll ? results.columns : varied).filter((each) => isThere(each, rows)),
    [results, varied, rows, showsAll],
  );
  if (results.rows === 0) return <p class="soft">No result is recorded yet.</p>;
  const toggle = (row: number) => {
    const next = new Set(chosen);
    if (!next.delete(row) && next.size < MOST_COMPARED) next.add(row);
    setChosen(next);
  };
  const nameOf = (row: number) => nameIn(results, row);
  const known = new Set(items.map(({ id }) => id));
  return (
    <section aria-labelledby="results-title">
      <div class="bar-of">
        <h2 id="results-title">Results</h2>
        <Filter text={text} onText={setText} problem={problem} />
        {stages.size > 2 && (
          <Choice
            label="Stage"
            value={stage}
            values={stages.keys()}
            all="all stages"
            onChoose={setStage}
          />
        )}
        <Forms form={form} onForm={setForm} />
        <Check label="all columns" checked={showsAll} onCheck={setShowsAll} />
        <p class="soft" role="status">
          {rows.length === base.length
            ? plural(rows.length, 'result')
            : `${rows.length} of ${base.length} results`}
        </p>
      </div>
      {chosen.size > 0 && (
        <Comparison
          results={results}
          items={items}
          chosen={[...chosen]}
          onClear={() => setChosen(new Set())}
        />
      )}
      {form === 'table' && <ResultTable {...{ columns, rows, chosen, toggle, nameOf, known }} />}
      {form === 'scatter' && <Scatter {...{ columns, rows, chosen, nameOf }} onChoose={toggle} />}
      {form === 'parallel' && <Parallel {...{ columns, rows, chosen }} />}
    </section>
  );
}

const ALL = '';

/** Rows by stage, all of them first. */
function stagesOf({ rows, columns }: PageResults): ReadonlyMap<string, readonly number[]> {
  const item = columns.find(({ kind }) => kind === 'item');
  const names = item?.texts?.map((text) => text.split('@', 1)[0] as string) ?? [];
  const stages = new Map<string, number[]>([[ALL, []]]);
  for (let row = 0; row < rows; row++) {
    const name = names[item?.cells[row] ?? -1] ?? ALL;
    stages.get(ALL)?.push(row);
    const others = stages.get(name);
    if (name !== ALL && others === undefined) stages.set(name, [row]);
    else if (name !== ALL) others?.push(row);
  }
  return stages;
}

/** The stage with the most results that have metrics: that is what people compare. */
function measuredStage({ columns }: PageResults, stages: ReadonlyMap<string, readonly number[]>) {
  const metrics = columns.filter(({ kind }) => kind === 'metric');
  const measured = (rows: readonly number[]) =>
    rows.filter((row) => metrics.some(({ cells }) => (cells[row] ?? null) !== null)).length;
  let [best, most] = [ALL, 0];
  for (const [name, rows] of stages) {
    const count = name === ALL ? 0 : measured(rows);
    if (count > most) [best, most] = [name, count];
  }
  return best;
}

function useFiltered(results: PageResults, all: readonly number[], text: string) {
  return useMemo(() => {
    let test: Test;
    try {
      test = filterOf(results, text);
    } catch (error) {
      return { rows: all, problem: (error as Error).message };
    }
    return { rows: all.filter(test), problem: undefined };
  }, [results, all, text]);
}

/** What is the same in all of them says nothing. */
function isUseful(column: PageColumn, rows: readonly number[]): boolean {
  if (isUsage(column.kind, column.name)) return false;
  return !['param', 'field', 'code', 'dep'].includes(column.kind) || isVaried(column, rows);
}

/** Other stages have other params and metrics. */
function isThere({ cells }: PageColumn, rows: readonly number[]): boolean {
  return rows.length === 0 || rows.some((row) => (cells[row] ?? null) !== null);
}

interface FilterProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly problem: string | undefined;
}

function Filter({ text, onText, problem }: FilterProps): JSX.Element {
  return (
    <>
      <Search
        label="Filter results, for example train.lr<0.01 faces"
        example="train.lr<0.01 faces"
        text={text}
        onText={onText}
        isWrong={problem !== undefined}
      />
      {problem !== undefined && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}

function Forms({ form, onForm }: { readonly form: Form; readonly onForm: (form: Form) => void }) {
  return (
    <fieldset class="forms">
      <legend class="unseen">Form</legend>
      {(Object.keys(FORMS) as Form[]).map((each) => (
        <label key={each}>
          <input type="radio" name="form" checked={form === each} onChange={() => onForm(each)} />{' '}
          {FORMS[each]}
        </label>
      ))}
    </fieldset>
  );
}
