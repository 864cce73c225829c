/** The plots of all items: those of one name in one chart. */
import { Plot, plotGroups } from './plot.js';
import type { Data } from './state.js';
import { type JSX, useMemo } from './view.js';

export function Plots({ data: { model } }: { readonly data: Data }): JSX.Element {
  const groups = useMemo(() => plotGroups(model.items), [model.items]);
  return (
    <section aria-labelledby="plots-title">
      <h2 id="plots-title">Plots</h2>
      {[...groups].map(([title, series]) => (
        <Plot key={title} title={title} series={series} showsOlder={model.only === 'plots'} />
      ))}
    </section>
  );
}
