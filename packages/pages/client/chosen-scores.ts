/// <reference lib="dom" />

/** Figures to choose from: means and deviations by side, target, score, row and column. */
export interface Choices {
  readonly scores: readonly {
    readonly name: string;
    readonly digits: number;
    readonly more: boolean;
  }[];
  /** [side][target][score][row][column] = mean, deviation and, with seeds, deviation over them */
  readonly figures: readonly number[][][][][][];
}

/** Tables of methods: the chosen score in every cell. Runs in the browser; see ../script.ts. */
export function showChosenScores(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>('[data-methods]')) {
    const data = JSON.parse(document.getElementById(`${table.id}-data`)!.textContent!) as Choices;
    const selector = `[data-for="${CSS.escape(table.id)}"]`;
    const selects = [...document.querySelectorAll<HTMLSelectElement>(selector)];
    const chosen = (axis: string) => selects.find(({ dataset }) => dataset.axis === axis)!;
    const numberOf = (axis: string) => Number(chosen(axis).value);
    const labelOf = (axis: string) => chosen(axis).selectedOptions[0]!.textContent;
    const show = () => {
      const score = data.scores[numberOf('score')]!;
      const rows = data.figures[numberOf('side')]![numberOf('target')]![numberOf('score')]!;
      const best = rows[0]!.map((_, at) => {
        const means = rows.map((row) => row[at]![0]!);
        return score.more ? Math.max(...means) : Math.min(...means);
      });
      const text = (value: number) => value.toFixed(score.digits);
      for (const [r, line] of [...table.tBodies[0]!.rows].entries()) {
        for (const [at, [mean, std, seeds]] of rows[r]!.entries()) {
          const cell = line.cells[at + 1]!;
          const small = document.createElement('small');
          const overSeeds = seeds === undefined ? '' : ` · seeds ± ${text(seeds)}`;
          small.textContent = `± ${text(std!)}${overSeeds}`;
          cell.replaceChildren(text(mean!), small);
          cell.classList.toggle('best', mean === best[at]);
        }
      }
      table.querySelector('[data-what]')!.textContent =
        `${labelOf('side')}, ${labelOf('target')}, ${score.name}`;
    };
    for (const select of selects) select.addEventListener('change', show);
    show();
  }
}
