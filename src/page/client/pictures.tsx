/** Pictures of items side by side, and two of them under a slider. */
import type { PageItem, PagePicture } from '../model.js';
import { Check, Search } from './controls.js';
import { plural } from './format-values.js';
import { type Data, itemLink, useEscape } from './page-state.js';
import { Fragment, type JSX, useMemo, useState } from './view.js';

interface Shot {
  readonly id: string;
  readonly item: string;
  /** Of an earlier result: how it differs from the current one. */
  readonly label?: string | undefined;
  readonly picture: PagePicture;
}

/** Those of earlier results follow the picture of the same path. */
function shotsOf(items: readonly PageItem[], withOlder: boolean): Shot[] {
  return items.flatMap(({ id: item, pictures = [], older = [] }) =>
    pictures.flatMap((picture) => {
      const others = withOlder ? older : [];
      const earlier = others.flatMap(({ label, key = label, pictures: all = [] }) =>
        all
          .filter(({ path }) => path === picture.path)
          .map((each) => ({ id: `${key} ${each.path}`, item, label, picture: each })),
      );
      return [{ id: picture.path, item, picture }, ...earlier];
    }),
  );
}

/** Points of an array stay sharp squares. */
export function Image({ picture: { src, path, note } }: { readonly picture: PagePicture }) {
  return <img class={note && 'array'} src={src} alt={path} loading="lazy" />;
}

export function Note({ picture: { note } }: { readonly picture: PagePicture }) {
  return note === undefined ? null : (
    <>
      <br />
      {note}
    </>
  );
}

/** Number of pictures shown at first, since the browser decodes each one. */
const FIRST = 60;

export function Pictures({ data }: { readonly data: Data }): JSX.Element {
  const { items, only } = data.model;
  const hasOlder = items.some(({ older = [] }) => older.some(({ pictures }) => pictures));
  const [withOlder, setWithOlder] = useState(only === 'plots');
  const all = useMemo(() => shotsOf(items, withOlder), [items, withOlder]);
  const [text, setText] = useState('');
  const [most, setMost] = useState(FIRST);
  const [pair, setPair] = useState<readonly string[]>([]);
  useEscape(pair.length > 0, () => setPair([]));
  const wanted = text.toLowerCase();
  const shown = all.filter((shot) => nameOf(shot).toLowerCase().includes(wanted));
  const chosen = pair.flatMap((id) => all.find((shot) => shot.id === id) ?? []);
  const choose = (id: string) =>
    setPair(pair.includes(id) ? pair.filter((each) => each !== id) : [...pair.slice(-1), id]);
  return (
    <section aria-labelledby="pictures-title">
      <div class="bar-of">
        <h2 id="pictures-title">Pictures</h2>
        <Search
          label="Filter pictures by item or path"
          example="item or path"
          text={text}
          onText={setText}
        />
        {hasOlder && <Check label="earlier results" checked={withOlder} onCheck={setWithOlder} />}
        <p class="soft" role="status">
          {plural(shown.length, 'picture')}
        </p>
        {shown.length > 1 && <p class="soft hint">choose two to lay one over the other</p>}
        {pair.length > 0 && (
          <button type="button" title="Esc" onClick={() => setPair([])}>
            clear
          </button>
        )}
      </div>
      {chosen.length === 2 && <Slider key={pair.join()} pair={chosen} />}
      <div class="gallery">
        {shown.slice(0, most).map((shot, at) => (
          <Fragment key={shot.id}>
            {beginsRow(shown, at) && <div class="break" />}
            <Card shot={shot} isChosen={pair.includes(shot.id)} onChoose={() => choose(shot.id)} />
          </Fragment>
        ))}
      </div>
      {shown.length > most && (
        <button type="button" onClick={() => setMost(most + FIRST)}>
          show more of {shown.length}
        </button>
      )}
    </section>
  );
}

/** A picture shares a row with those of earlier results. */
function beginsRow(shots: readonly Shot[], at: number): boolean {
  const isEarlier = (each: number) => shots[each]?.label !== undefined;
  return at > 0 && !isEarlier(at) && (isEarlier(at - 1) || isEarlier(at + 1));
}

interface CardProps {
  readonly shot: Shot;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Card({ shot, isChosen, onChoose }: CardProps): JSX.Element {
  const { item, label, picture } = shot;
  return (
    <figure class={isChosen ? 'chosen' : undefined}>
      <button type="button" class="shot" aria-pressed={isChosen} onClick={onChoose}>
        <Image picture={picture} />
      </button>
      <figcaption class="under">
        <a href={itemLink(item)}>{item}</a> {picture.path.split('/').at(-1)}
        {label !== undefined && (
          <>
            <br />
            earlier: {label}
          </>
        )}
        <Note picture={picture} />
      </figcaption>
    </figure>
  );
}

function nameOf({ item, label, picture: { path } }: Shot): string {
  return label === undefined ? `${item} ${path}` : `${item} ${path}, earlier: ${label}`;
}

function Slider({ pair }: { readonly pair: readonly Shot[] }): JSX.Element {
  const [at, setAt] = useState(50);
  const [left, right] = pair as [Shot, Shot];
  const clipPath = `inset(0 ${100 - at}% 0 0)`;
  return (
    <figure class="slider">
      <div class="stack">
        {[right, left].map(({ picture: { src, note } }, place) => (
          <img
            key={place}
            class={note && 'array'}
            src={src}
            alt={nameOf(place === 0 ? right : left)}
            style={place === 0 ? {} : { clipPath }}
          />
        ))}
      </div>
      <input
        type="range"
        min="0"
        max="100"
        value={at}
        aria-label={`how much of ${nameOf(left)} lies over ${nameOf(right)}, in percent`}
        onInput={(event) => setAt(Number(event.currentTarget.value))}
      />
      <figcaption class="under ends">
        <span>{nameOf(left)}</span>
        <span>{nameOf(right)}</span>
      </figcaption>
    </figure>
  );
}
