/** Form controls that the views share. */
import type { JSX } from './view.js';

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onCheck: (checked: boolean) => void;
}

export function Check({ label, checked, onCheck }: CheckProps): JSX.Element {
  return (
    <label>
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onCheck(event.currentTarget.checked)}
      />{' '}
      {label}
    </label>
  );
}

/** A set, with or without a value. */
export function toggled<Value>(set: ReadonlySet<Value>, value: Value): ReadonlySet<Value> {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}

interface SearchProps {
  /** What it filters, for screen readers. */
  readonly label: string;
  readonly example: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly isWrong?: boolean;
}

export function Search({ label, example, text, onText, isWrong = false }: SearchProps) {
  return (
    <input
      type="search"
      aria-label={label}
      aria-invalid={isWrong}
      placeholder={example}
      value={text}
      onInput={(event) => onText(event.currentTarget.value)}
    />
  );
}

interface MetricSearchProps {
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** For the words of `hasWords`. */
export function MetricSearch({ text, onText }: MetricSearchProps): JSX.Element {
  return (
    <Search
      label="Filter metrics by parts of their names"
      example="metrics: test ssim"
      text={text}
      onText={onText}
    />
  );
}

/** True for a name that contains all words of a text, in any case. */
export function hasWords(text: string): (name: string) => boolean {
  const words = text.toLowerCase().split(/\s+/);
  return (name) => words.every((word) => name.toLowerCase().includes(word));
}

interface ChoiceProps {
  readonly label?: string;
  readonly value: string;
  readonly values: Iterable<string>;
  /** The name of the empty value. */
  readonly all?: string;
  /** The text to display for a value. Default: the value itself. */
  readonly wordsFor?: (value: string) => string;
  readonly onChoose: (value: string) => void;
}

export function Choice(props: ChoiceProps): JSX.Element {
  const { label, value, values, all = '', wordsFor = (each) => each || all, onChoose } = props;
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      {[...values].map((each) => (
        <option key={each} value={each}>
          {wordsFor(each)}
        </option>
      ))}
    </select>
  );
}
