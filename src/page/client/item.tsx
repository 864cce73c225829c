/** One item: what it is made of, what it made, its epochs and its log. */
import { leavesOf } from '../../json.js';
import type { PageFile, PageItem, PagePicture, Scalar } from '../model.js';
import { doingText, isOpen, partDone } from './activity.js';
import { hasWords, MetricSearch } from './controls.js';
import { EpochCharts } from './epochs.js';
import { bytes, duration, number, value } from './format-values.js';
import { State } from './items.js';
import { LiveLog, LogText } from './log.js';
import { type Data, hasFailed, itemLink, stateIn } from './page-state.js';
import { Image, Note } from './pictures.js';
import { Plot, plotGroups } from './plot.js';
import { Scrolled } from './scrolled.js';
import { Title } from './table.js';
import { type ComponentChildren, type JSX, useState } from './view.js';

export function Item({ data, name }: { readonly data: Data; readonly name: string }): JSX.Element {
  const { items } = data.model;
  const item = items.find(({ id }) => id === name);
  if (item === undefined)
    return (
      <p>
        The pipeline has no item “{name}”. <a href="#/items">All items</a>
      </p>
    );
  const isBad = hasFailed(item, data.active);
  // Readers open a failed item for its log.
  const log = <Log item={item} data={data} />;
  return (
    <article class="item">
      <p class="crumb">
        <a href="#/items">All items</a>
      </p>
      <div class="bar-of">
        <h2>{item.id}</h2>
        <State state={stateIn(item, data.active)} isBad={isBad} />
        {item.desc && <p class="soft">{item.desc}</p>}
      </div>
      <Doing item={item} data={data} />
      {item.reasons.length > 0 && (
        <ul class="reasons">
          {item.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {isBad && log}
      <div class="columns">
        <Metrics item={item} />
        <Definition item={item} items={items} />
      </div>
      <Files title="Deps" files={item.deps} />
      <Files title="Outs" files={item.outs} />
      {[...plotGroups([item])].map(([title, series]) => (
        <Plot key={title} title={title} series={series} showsOlder={false} />
      ))}
      {item.pictures && <Gallery pictures={item.pictures} />}
      {item.epochs && <EpochCharts items={[item]} />}
      {!isBad && log}
    </article>
  );
}

/** Its progress in an active run. */
function Doing({ item, data }: { readonly item: PageItem; readonly data: Data }) {
  const activity = data.active.get(item.id);
  if (activity === undefined) return null;
  const part = partDone(activity);
  const { gpus = [], reason } = activity;
  const device = gpus.length > 0 && isOpen(activity.phase) ? `on GPU ${gpus.join(', ')}` : '';
  const text = [doingText(activity) || reason, device].filter(Boolean).join(', ');
  return (
    <p class="doing" role="status">
      {part !== undefined && <progress value={part} aria-label={`progress of ${item.id}`} />} {text}
    </p>
  );
}

/** With more of them, the list scrolls and has a filter. */
const FEW_METRICS = 24;

function Metrics({ item: { metrics, isStale } }: { readonly item: PageItem }) {
  const [wished, setWished] = useState('');
  const entries = Object.entries(metrics);
  if (entries.length === 0) return null;
  const isWanted = hasWords(wished);
  const list = (
    <dl class="pairs numbers">
      {entries
        .filter(([name]) => isWanted(name))
        .map(([name, figure]) => (
          <Pair key={name} name={name}>
            {number(figure)}
          </Pair>
        ))}
    </dl>
  );
  const hasMany = entries.length > FEW_METRICS;
  return (
    <section>
      <div class="bar-of">
        <h3>Metrics{isStale && <span class="mark"> stale: of another key</span>}</h3>
        {hasMany && <MetricSearch text={wished} onText={setWished} />}
      </div>
      {hasMany ? (
        <Scrolled kind="tall" label="Metrics, scrolls">
          {list}
        </Scrolled>
      ) : (
        list
      )}
    </section>
  );
}

function Definition({
  item,
  items,
}: {
  readonly item: PageItem;
  readonly items: readonly PageItem[];
}) {
  const at = items.indexOf(item);
  const users = items.filter(({ needs }) => needs.includes(at)).map(({ id }) => id);
  const needs = item.needs.map((need) => (items[need] as PageItem).id);
  const { seconds, key, env } = item;
  const asked = Object.entries(item.resources).filter(([, amount]) => amount !== 0);
  return (
    <section>
      <h3>Made of</h3>
      <dl class="pairs">
        <Pair name="command">
          <code class="command">{item.command}</code>
        </Pair>
        {Object.entries(item.params)
          .flatMap(([name, tree]) => leavesOf(tree, name))
          .map(([name, leaf]) => (
            <Pair key={name} name={name}>
              <code>{value(leaf)}</code>
            </Pair>
          ))}
        {env.length > 0 && <Pair name="env">{env.join(', ')}</Pair>}
        {asked.map(([name, amount]) => (
          <Pair key={name} name={RESOURCES[name] ?? name}>
            {resourceText(name, amount)}
          </Pair>
        ))}
        {needs.length > 0 && <Pair name="needs">{links(needs)}</Pair>}
        {users.length > 0 && <Pair name="needed by">{links(users)}</Pair>}
        {seconds !== undefined && <Pair name="time">{duration(seconds)}</Pair>}
        {key !== undefined && (
          <Pair name="key">
            <code title={key}>{key.slice(0, 12)}</code>
          </Pair>
        )}
      </dl>
    </section>
  );
}

const RESOURCES: Readonly<Record<string, string>> = {
  cpu: 'CPU cores',
  gpu: 'GPUs',
  time: 'time limit',
};

function resourceText(name: string, amount: Scalar): string {
  if (typeof amount !== 'number') return String(amount);
  return name === 'memory' ? bytes(amount) : name === 'time' ? duration(amount) : String(amount);
}

const MOST_LINKS = 40;

function links(names: readonly string[]): ComponentChildren {
  const more = names.length - MOST_LINKS;
  return (
    <>
      {names.slice(0, MOST_LINKS).map((name, at) => (
        <span key={name}>
          {at > 0 && ', '}
          <a href={itemLink(name)}>{name}</a>
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </>
  );
}

function Pair({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>
        <Title title={name} />
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

function Files({ title, files }: { readonly title: string; readonly files: readonly PageFile[] }) {
  if (files.length === 0) return null;
  const hasSizes = files.some(({ size }) => size !== undefined);
  return (
    <section>
      <h3>{title}</h3>
      <Scrolled kind="wide" label={`${title}, scrolls`}>
        <table class="files">
          <thead>
            <tr>
              <th scope="col">name</th>
              <th scope="col">path</th>
              <th scope="col">digest</th>
              {['size', 'files'].map((title) =>
                hasSizes ? (
                  <th key={title} scope="col" class="number">
                    {title}
                  </th>
                ) : (
                  <td key={title} />
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {files.map(({ name, path, size, files: count, digest }) => (
              <tr key={name}>
                <td>{name === path ? '' : name}</td>
                <td>
                  <code>{path}</code>
                </td>
                <td>
                  <code title={digest}>{digest === undefined ? '–' : digest.slice(0, 14)}</code>
                </td>
                <td class="number">{hasSizes && bytes(size)}</td>
                <td class="number">{hasSizes && number(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
    </section>
  );
}

function Gallery({ pictures }: { readonly pictures: readonly PagePicture[] }) {
  return (
    <section>
      <h3>Pictures</h3>
      <div class="gallery">
        {pictures.map((picture) => (
          <figure key={picture.path}>
            <Image picture={picture} />
            <figcaption class="under">
              {picture.name === undefined || picture.name === picture.path
                ? picture.path
                : `${picture.name}: ${picture.path}`}
              <Note picture={picture} />
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

function Log({ item, data }: { readonly item: PageItem; readonly data: Data }) {
  if (data.isLive) return <LiveLog item={item.id} isOpen={data.active.has(item.id)} />;
  const { log } = item;
  if (log === undefined) return null;
  return <LogText tail={log.tail} size={log.bytes} />;
}
