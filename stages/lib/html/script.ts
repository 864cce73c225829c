/** The report's script: which score the tables show, and the gallery. The report reads well without it. */

export const SCRIPT = String.raw`
'use strict';
document.documentElement.classList.add('js');
const byId = (id) => document.getElementById(id);
const read = (id) => JSON.parse(byId(id).textContent);

// Tables of methods: the chosen score in every cell.
for (const table of document.querySelectorAll('[data-methods]')) {
  const data = read(table.id + '-data');
  const selects = [...document.querySelectorAll('[data-for="' + CSS.escape(table.id) + '"]')];
  const chosen = (axis) => selects.find((select) => select.dataset.axis === axis);
  const show = () => {
    const score = data.scores[chosen('score').value];
    const rows = data.figures[chosen('side').value][chosen('target').value][chosen('score').value];
    const best = rows[0].map((_, at) => {
      const means = rows.map((row) => row[at][0]);
      return score.more ? Math.max(...means) : Math.min(...means);
    });
    const text = (value) => value.toFixed(score.digits);
    [...table.tBodies[0].rows].forEach((line, r) => rows[r].forEach(([mean, std, seeds], at) => {
      const cell = line.cells[at + 1];
      const small = document.createElement('small');
      small.textContent = '± ' + text(std) + (seeds === undefined ? '' : ' · seeds ± ' + text(seeds));
      cell.replaceChildren(text(mean), small);
      cell.classList.toggle('best', mean === best[at]);
    }));
    const label = (select) => select.selectedOptions[0].textContent;
    table.querySelector('[data-what]').textContent =
      label(chosen('side')) + ', ' + label(chosen('target')) + ', ' + score.name;
  };
  for (const select of selects) select.addEventListener('change', show);
  show();
}

// On paper nothing can be unfolded: all is, and is folded again after.
let unfolded = [];
addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll('details:not([open])')];
  for (const details of unfolded) details.open = true;
});
addEventListener('afterprint', () => { for (const details of unfolded) details.open = false; });

// Gallery.
const SVG = 'http://www.w3.org/2000/svg';
const gallery = byId('gallery-data') && read('gallery-data').filter(({ models }) => models[0].settings[0].picks.length > 0);
if (gallery) startGallery();

function startGallery() {
  const part = (name) => byId('gallery-' + name);
  const settings = gallery[0].models[0].settings;
  const middle = Math.floor(settings.length / 2);
  const median = settings[middle].picks.findIndex(({ kind }) => kind === 'median');
  const state = { dataset: 0, model: 0, setting: middle, pick: Math.max(0, median), left: 'occluded', right: 'model' };
  const dataset = () => gallery[state.dataset];
  const model = () => dataset().models[state.model];
  const setting = () => model().settings[state.setting];
  const pick = () => setting().picks[state.pick];
  const layerAt = (name) => model().layers.findIndex((layer) => layer.name === name);
  const layerLabel = (name) => (model().layers[layerAt(name)] || { label: 'error' }).label;

  function draw(svg, layer) {
    const { size } = dataset();
    svg.setAttribute('viewBox', '0 0 ' + size + ' ' + size);
    const image = (name, over) => {
      const element = document.createElementNS(SVG, 'image');
      element.setAttribute('href', pick().strip);
      element.setAttribute('width', size);
      element.setAttribute('height', size * model().layers.length);
      element.setAttribute('y', -layerAt(name) * size);
      if (over) element.setAttribute('class', 'over');
      return element;
    };
    const error = layer.startsWith('error ');
    svg.classList.toggle('heat', error);
    svg.replaceChildren(...(error ? [image('original'), image(layer.slice(6), true)] : [image(layer)]));
    return svg;
  }

  const crop = (layer) => draw(document.createElementNS(SVG, 'svg'), layer);

  function fill(select, options, value) {
    select.replaceChildren(...options.map(([key, label]) => new Option(label, key, false, key === value)));
    select.closest('label').hidden = options.length < 2;
  }

  function layerOptions() {
    const shown = model().layers.map(({ name, label }) => [name, label]);
    return [...shown, ['error model', 'error of the restored image']];
  }

  function button(content, caption, pressed, press) {
    const item = document.createElement('li');
    const element = document.createElement('button');
    element.type = 'button';
    element.setAttribute('aria-pressed', pressed);
    element.append(content, ...caption.map((line) => Object.assign(document.createElement('div'), { textContent: line })));
    element.addEventListener('click', press);
    item.append(element);
    return item;
  }

  function refocus(list, change) {
    const at = [...list.children].findIndex((item) => item.contains(document.activeElement));
    change();
    if (at >= 0) list.children[at]?.firstChild.focus();
  }

  function showPicks() {
    refocus(part('picks'), () => part('picks').replaceChildren(...setting().picks.map((one, at) => {
      const kept = state.pick;
      state.pick = at;
      const picture = crop('model');
      state.pick = kept;
      const score = one.ssim.model;
      return button(picture, [one.kind, 'SSIM ' + score.toFixed(3)], at === kept, () => { state.pick = at; show(); });
    })));
  }

  function showLayers() {
    const scores = pick().ssim;
    const layers = [...model().layers, { name: 'error model', label: 'error' }];
    refocus(part('layers'), () => part('layers').replaceChildren(...layers.map(({ name, label }) => {
      const score = scores[name];
      const caption = [label, score === undefined ? '\u00a0' : score.toFixed(3)];
      return button(crop(name), caption, name === state.right, () => { state.right = name; show(); });
    })));
  }

  function slide() {
    const share = Number(part('slider').value);
    part('over').style.clipPath = 'inset(0 ' + (100 - share) + '% 0 0)';
    part('edge').style.left = share + '%';
  }

  function show() {
    const known = layerOptions().map(([key]) => key);
    for (const side of ['left', 'right']) if (!known.includes(state[side])) state[side] = side === 'left' ? 'occluded' : 'model';
    state.pick = Math.min(state.pick, setting().picks.length - 1);
    const names = (list) => list.map(({ name, label }, at) => [String(at), name || label]);
    fill(part('dataset'), names(gallery), String(state.dataset));
    fill(part('model'), names(dataset().models), String(state.model));
    fill(part('setting'), names(model().settings), String(state.setting));
    fill(part('left'), layerOptions(), state.left);
    fill(part('right'), layerOptions(), state.right);
    draw(part('over'), state.left);
    draw(part('under'), state.right);
    part('left-name').textContent = layerLabel(state.left);
    part('right-name').textContent = layerLabel(state.right);
    part('stage').setAttribute('aria-label', layerLabel(state.left) + ' on the left, ' + layerLabel(state.right) + ' on the right');
    const { kind, file, ssim } = pick();
    const rival = setting().rival;
    part('caption').textContent = kind + ' · ' + file + ' · SSIM ' + ssim.model.toFixed(4) + ', ' + layerLabel(rival) + ' ' + ssim[rival].toFixed(4);
    showPicks();
    showLayers();
    slide();
  }

  for (const axis of ['dataset', 'model', 'setting']) {
    part(axis).addEventListener('change', (event) => { state[axis] = Number(event.target.value); if (axis === 'dataset') state.model = Math.min(state.model, dataset().models.length - 1); state.setting = Math.min(state.setting, model().settings.length - 1); show(); });
  }
  for (const side of ['left', 'right']) part(side).addEventListener('change', (event) => { state[side] = event.target.value; show(); });
  part('slider').addEventListener('input', slide);
  const drag = (event) => {
    if (event.type === 'pointermove' && event.buttons === 0) return;
    const box = part('stage').getBoundingClientRect();
    part('slider').value = Math.round(100 * (event.clientX - box.left) / box.width);
    slide();
  };
  part('stage').addEventListener('pointerdown', (event) => { part('stage').setPointerCapture(event.pointerId); drag(event); });
  part('stage').addEventListener('pointermove', drag);
  show();
}
`;
