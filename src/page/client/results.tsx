/** All results so far: sorted, filtered, compared, and drawn. */
import { addTo } from '../../lists.js';
import type { PageColumn, PageResults } from '../model.js';
import { Check, Choice, hasWords, MetricSearch, Search, toggled } from './controls.js';
import { plural } from './format-values.js';
import { type Data, useEscape } from './page-state.js';
import { Parallel } from './parallel.js';
import { Comparison } from './result-comparison.js';
import { type Averaged, averaged, mayRepeat, withAxes } from './result-groups.js';
import {
  differs,
  filterOf,
  hasValue,
  isSetting,
  isUsage,
  nameIn,
  type Test,
} from './result-rows.js';
import { ResultTable } from './result-table.js';
import { Scatter } from './scatter.js';
import { type JSX, useMemo, useState } from './view.js';

const FORMS = ['table', 'scatter', 'parallel'] as const;
type Form = (typeof FORMS)[number];

const MOST_COMPARED = 8;

export function Results({ data }: { readonly data: Data }): JSX.Element {
  const { results, items } = data.model;
  const [text, setText] = useState('');
  const [form, setForm] = useState<Form>('table');
  const [showsAll, setShowsAll] = useState(false);
  const stages = useMemo(() => stagesOf(results), [results]);
  const [stage, setStage] = useState(() => measuredStage(results, stages));
  const base = stages.get(stage) ?? [];
  const all = useMemo(() => withAxes(results), [results]);
  const { rows: passing, problem } = useFiltered(all, base, text);
  const { repeated, over, setOver } = useAverage(all, base);
  const { columns: known, rows } = useShown(all, base, passing, over, showsAll);
  const { columns, isWanted, searchMetrics } = useMetrics(known);
  // The filter may have left another result as the newest of a group.
  const { chosen, toggle, clear } = useChosen((row) => over === undefined || rows.includes(row));
  if (results.rows === 0) return <NoResult />;
  const chooseOver = (name: string) => {
    setOver(name);
    clear();
  };
  const compared = over === undefined ? all.filter(isWanted) : columns;
  const shown = { columns, rows, chosen, nameOf: (row: number) => nameIn(compared, row) };
  const ids = new Set(items.map(({ id }) => id));
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
        <Over value={over?.name ?? ''} columns={repeated} onChoose={chooseOver} />
        <Forms form={form} onForm={setForm} />
        {searchMetrics}
        {over === undefined && (
          <Check label="all columns" checked={showsAll} onCheck={setShowsAll} />
        )}
        <p class="soft" role="status">
          {over && `${plural(rows.length, 'row')} of `}
          {countText(passing.length, base.length)}
        </p>
        {chosen.size === 0 && rows.length > 1 && form === 'table' && (
          <p class="soft hint">tick some to compare</p>
        )}
      </div>
      {chosen.size > 0 && (
        <Comparison columns={compared} items={items} chosen={[...chosen]} onClear={clear} />
      )}
      {form === 'table' && <ResultTable {...{ ...shown, toggle, known: ids }} />}
      {form === 'scatter' && <Scatter {...shown} onChoose={toggle} />}
      {form === 'parallel' && <Parallel {...shown} />}
    </section>
  );
}

function NoResult(): JSX.Element {
  return (
    <p class="soft">
      No result is recorded yet. <code>pipe run</code> records one for each item.
    </p>
  );
}

function countText(passing: number, all: number): string {
  return passing === all ? plural(all, 'result') : `${passing} of ${all} results`;
}

/** The columns to average over, and the selected one if this stage has it. */
function useAverage(all: readonly PageColumn[], base: readonly number[]) {
  const [wished, setOver] = useState('');
  const repeated = useMemo(() => mayRepeat(all, base), [all, base]);
  return { repeated, over: repeated.find(({ name }) => name === wished), setOver };
}

/** The selected rows that are still displayed. */
function useChosen(isShown: (row: number) => boolean) {
  const [all, setChosen] = useState<ReadonlySet<number>>(new Set());
  const clear = () => setChosen(new Set());
  useEscape(all.size > 0, clear);
  const chosen = new Set([...all].filter(isShown));
  const toggle = (row: number) => {
    const next = toggled(chosen, row);
    setChosen(next.size <= MOST_COMPARED ? next : chosen);
  };
  return { chosen, toggle, clear };
}

/** What the table and the plots show: results, or their means over an axis or a param. */
function useShown(
  all: readonly PageColumn[],
  base: readonly number[],
  passing: readonly number[],
  over: PageColumn | undefined,
  showsAll: boolean,
): Averaged {
  const varied = useMemo(() => all.filter((each) => isUseful(each, all, base)), [all, base]);
  return useMemo(() => {
    const plain = { columns: showsAll ? all : varied, rows: passing };
    const { columns, rows } = over === undefined ? plain : averaged(all, passing, over);
    // Each stage has its own params and metrics.
    const isThere = (column: PageColumn) => rows.some((row) => hasValue(column, row));
    return { columns: rows.length === 0 ? columns : columns.filter(isThere), rows };
  }, [all, varied, passing, over, showsAll]);
}

/** With more of them, a table is wider than a screen. */
const FEW_METRICS = 8;

/** The columns without the metrics whose names lack one of the words, and the field for these words. */
function useMetrics(known: readonly PageColumn[]) {
  const [wished, setWished] = useState('');
  const isWanted = useMemo(() => {
    const isNamed = hasWords(wished);
    return ({ kind, name }: PageColumn) => kind !== 'metric' || isNamed(name);
  }, [wished]);
  const columns = useMemo(() => known.filter(isWanted), [known, isWanted]);
  const searchMetrics = known.filter(({ kind }) => kind === 'metric').length > FEW_METRICS && (
    <MetricSearch text={wished} onText={setWished} />
  );
  return { columns, isWanted, searchMetrics };
}

interface OverProps {
  readonly value: string;
  readonly columns: readonly PageColumn[];
  readonly onChoose: (name: string) => void;
}

function Over({ value, columns, onChoose }: OverProps): JSX.Element | null {
  if (columns.length === 0) return null;
  const names = ['', ...columns.map(({ name }) => name)];
  return (
    <label title="one row for the results that differ only in this: mean ± standard deviation">
      average over <Choice value={value} values={names} all="nothing" onChoose={onChoose} />
    </label>
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
    addTo(stages, ALL, row);
    if (name !== ALL) addTo(stages, name, row);
  }
  return stages;
}

/** The stage with the most results that have metrics: that is what people compare. */
function measuredStage({ columns }: PageResults, stages: ReadonlyMap<string, readonly number[]>) {
  const metrics = columns.filter(({ kind }) => kind === 'metric');
  const measured = (rows: readonly number[]) =>
    rows.filter((row) => metrics.some((metric) => hasValue(metric, row))).length;
  let [best, most] = [ALL, 0];
  for (const [name, rows] of stages) {
    const count = name === ALL ? 0 : measured(rows);
    if (count > most) [best, most] = [name, count];
  }
  return best;
}

function useFiltered(columns: readonly PageColumn[], all: readonly number[], text: string) {
  return useMemo(() => {
    let test: Test;
    try {
      test = filterOf(columns, text);
    } catch (error) {
      return { rows: all, problem: (error as Error).message };
    }
    return { rows: all.filter(test), problem: undefined };
  }, [columns, all, text]);
}

/** The columns of `pipe results`, without the axes, which the names of items contain. */
function isUseful(
  column: PageColumn,
  all: readonly PageColumn[],
  rows: readonly number[],
): boolean {
  if (isUsage(column.kind, column.name) || column.kind === 'axis') return false;
  const isInput = isSetting(column) || ['field', 'code', 'dep'].includes(column.kind);
  return !isInput || differs(column, all, rows);
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
      {FORMS.map((each) => (
        <label key={each}>
          <input type="radio" name="form" checked={form === each} onChange={() => onForm(each)} />{' '}
          {each}
        </label>
      ))}
    </fieldset>
  );
}
