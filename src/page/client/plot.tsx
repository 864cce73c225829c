/** One table of `plots:`: its columns as curves over x, with a legend. */
import type { PagePlot } from '../model.js';
import { Chart, type Curve, Pen, penOf } from './chart.js';
import { plural } from './format-values.js';
import { type JSX, useMemo } from './view.js';

export function Plot({ plot }: { readonly plot: PagePlot }): JSX.Element {
  const { name, path, xName, x, rows, problem } = plot;
  const curves = useMemo(() => curvesOf(plot), [plot]);
  const names = curves.map((curve) => curve.name);
  return (
    <section aria-label={`plot ${name}`}>
      <h3>{name}</h3>
      {problem !== undefined && <p class="soft">{problem}</p>}
      {curves.length > 0 && (
        <>
          <p class="soft">
            {names.map((each, at) => (
              <span key={each}>
                <Pen at={at} /> {each}{' '}
              </span>
            ))}
          </p>
          <Chart
            label={`${names.join(', ')} by ${xName}, from ${path}`}
            xName={xName}
            curves={curves}
          />
        </>
      )}
      {problem === undefined && (
        <p class="under">
          {path}: {x.length < rows ? `${x.length} of ${plural(rows, 'row')}` : plural(rows, 'row')}
        </p>
      )}
    </section>
  );
}

/** In ascending order of x. Points of one x keep their order, so that a vertical step stays one. */
function curvesOf({ x, curves }: PagePlot): Curve[] {
  const order = x.map((_, at) => at);
  if ((x[0] ?? 0) > (x.at(-1) ?? 0)) order.reverse();
  order.sort((a, b) => (x[a] as number) - (x[b] as number));
  const places = order.map((at) => x[at] as number);
  return Object.entries(curves).map(([name, y], at) => ({
    name,
    x: places,
    y: order.map((place) => y[place] ?? null),
    ...penOf(at),
  }));
}
