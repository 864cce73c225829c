/** Pictures of items side by side, and two of them under a slider. */
import type { PageItem, PagePicture } from '../model.js';
import { plural } from './format-values.js';
import { type Data, itemLink } from './page-state.js';
import { type JSX, useMemo, useState } from './view.js';

interface Shot extends PagePicture {
  readonly item: string;
  readonly stage: string;
}

export function shotsOf(items: readonly PageItem[]): Shot[] {
  return items.flatMap(({ id, stage, pictures = [] }) =>
    pictures.map((picture) => ({ ...picture, item: id, stage })),
  );
}

/** So many at first, since each is decoded. */
const FIRST = 60;

export function Pictures({ data }: { readonly data: Data }): JSX.Element {
  const all = useMemo(() => shotsOf(data.model.items), [data.model]);
  const [text, setText] = useState('');
  const [most, setMost] = useState(FIRST);
  const [pair, setPair] = useState<readonly string[]>([]);
  const wanted = text.toLowerCase();
  const shown = all.filter(({ item, path }) => `${item} ${path}`.toLowerCase().includes(wanted));
  const pathsChosen = pair.filter((path) => all.some((shot) => shot.path === path));
  const choose = (path: string) =>
    setPair(pair.includes(path) ? pair.filter((each) => each !== path) : [...pair.slice(-1), path]);
  return (
    <section aria-labelledby="pictures-title">
      <div class="bar-of">
        <h2 id="pictures-title">Pictures</h2>
        <input
          type="search"
          aria-label="Filter pictures by item or path"
          placeholder="item or path"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="soft" role="status">
          {plural(shown.length, 'picture')}; choose two to lay one over the other
        </p>
      </div>
      {pathsChosen.length === 2 && (
        <Slider pair={pathsChosen.map((path) => all.find((shot) => shot.path === path) as Shot)} />
      )}
      <div class="gallery">
        {shown.slice(0, most).map((shot) => (
          <Card
            key={shot.path}
            shot={shot}
            isChosen={pair.includes(shot.path)}
            onChoose={() => choose(shot.path)}
          />
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

interface CardProps {
  readonly shot: Shot;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Card({ shot: { item, path, src }, isChosen, onChoose }: CardProps): JSX.Element {
  return (
    <figure class={isChosen ? 'chosen' : undefined}>
      <button type="button" class="shot" aria-pressed={isChosen} onClick={onChoose}>
        <img src={src} alt={path} loading="lazy" />
      </button>
      <figcaption class="under">
        <a href={itemLink(item)}>{item}</a> {path.split('/').at(-1)}
      </figcaption>
    </figure>
  );
}

function Slider({ pair }: { readonly pair: readonly Shot[] }): JSX.Element {
  const [at, setAt] = useState(50);
  const [left, right] = pair as [Shot, Shot];
  return (
    <figure class="slider">
      <div class="stack">
        <img src={right.src} alt={right.path} />
        <img src={left.src} alt={left.path} style={{ clipPath: `inset(0 ${100 - at}% 0 0)` }} />
      </div>
      <input
        type="range"
        min="0"
        max="100"
        value={at}
        aria-label={`how much of ${left.path} lies over ${right.path}, in percent`}
        onInput={(event) => setAt(Number(event.currentTarget.value))}
      />
      <figcaption class="under ends">
        <span>{left.path}</span>
        <span>{right.path}</span>
      </figcaption>
    </figure>
  );
}
