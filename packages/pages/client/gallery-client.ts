/// <reference lib="dom" />

/** What the gallery shows: the layers of a pick are one below the other in its strip. */
export type GalleryData = readonly {
  readonly name: string;
  /** Side of the images, pixels. */
  readonly size: number;
  readonly models: readonly {
    readonly label: string;
    readonly layers: readonly { readonly name: string; readonly label: string }[];
    readonly settings: readonly {
      readonly label: string;
      /** The layer that the model's is compared with. */
      readonly rival: string;
      readonly picks: readonly {
        readonly kind: string;
        readonly file: string;
        /** By layer. */
        readonly ssim: Readonly<Record<string, number>>;
        /** A PNG, as a URI. */
        readonly strip: string;
      }[];
    }[];
  }[];
}[];

type DataSet = GalleryData[number];
type Model = DataSet['models'][number];
type Setting = Model['settings'][number];
type Pick = Setting['picks'][number];
type Side = 'left' | 'right';

/** Finds the gallery of the page, if there is one. Runs in the browser; see ../script.ts. */
export function startGallery(Shown: typeof Gallery): void {
  const data = document.getElementById('gallery-data');
  if (data === null) return;
  const all = JSON.parse(data.textContent!) as GalleryData;
  new Shown(all.filter(({ models }) => models[0]!.settings[0]!.picks.length > 0)).start();
}

/** Any example of any model and setting, with a slider between two of its layers. */
export class Gallery {
  readonly #data: GalleryData;
  #dataset = 0;
  #model = 0;
  #setting: number;
  #pick: number;
  readonly #layer: Record<Side, string> = { left: 'occluded', right: 'model' };

  constructor(data: GalleryData) {
    this.#data = data;
    const { settings } = data[0]!.models[0]!;
    this.#setting = Math.floor(settings.length / 2);
    const median = settings[this.#setting]!.picks.findIndex(({ kind }) => kind === 'median');
    this.#pick = Math.max(0, median);
  }

  start(): void {
    this.#onChoice('dataset', (value) => {
      this.#dataset = Number(value);
    });
    this.#onChoice('model', (value) => {
      this.#model = Number(value);
    });
    this.#onChoice('setting', (value) => {
      this.#setting = Number(value);
    });
    for (const side of ['left', 'right'] as const)
      this.#onChoice(side, (value) => {
        this.#layer[side] = value;
      });
    this.#slider.addEventListener('input', () => this.#slide());
    const stage = this.#part('stage');
    stage.addEventListener('pointerdown', (event) => {
      stage.setPointerCapture(event.pointerId);
      this.#drag(event);
    });
    stage.addEventListener('pointermove', (event) => this.#drag(event));
    this.#show();
  }

  #part<Kind extends Element = HTMLElement>(name: string): Kind {
    return document.querySelector<Kind>(`#gallery-${name}`)!;
  }

  get #slider(): HTMLInputElement {
    return this.#part<HTMLInputElement>('slider');
  }

  get #shownDataset(): DataSet {
    return this.#data[this.#dataset]!;
  }

  get #shownModel(): Model {
    return this.#shownDataset.models[this.#model]!;
  }

  get #shownSetting(): Setting {
    return this.#shownModel.settings[this.#setting]!;
  }

  get #shownPick(): Pick {
    return this.#shownSetting.picks[this.#pick]!;
  }

  #layerAt(name: string): number {
    return this.#shownModel.layers.findIndex((layer) => layer.name === name);
  }

  #labelOf(name: string): string {
    return this.#shownModel.layers[this.#layerAt(name)]?.label ?? 'error';
  }

  #onChoice(name: string, choose: (value: string) => void): void {
    const select = this.#part<HTMLSelectElement>(name);
    select.addEventListener('change', () => {
      choose(select.value);
      // Another data set may have fewer models, another model fewer settings.
      this.#model = Math.min(this.#model, this.#shownDataset.models.length - 1);
      this.#setting = Math.min(this.#setting, this.#shownModel.settings.length - 1);
      this.#show();
    });
  }

  /** Puts one layer of a pick into the picture, or its error. */
  #draw(svg: SVGSVGElement, layer: string, pick: Pick): SVGSVGElement {
    const { size } = this.#shownDataset;
    svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
    const image = (name: string) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', 'image');
      element.setAttribute('href', pick.strip);
      element.setAttribute('width', String(size));
      element.setAttribute('height', String(size * this.#shownModel.layers.length));
      element.setAttribute('y', String(-this.#layerAt(name) * size));
      return element;
    };
    const isError = layer.startsWith('error ');
    svg.classList.toggle('heat', isError);
    const images = isError ? [image('original'), image(layer.slice(6))] : [image(layer)];
    images[1]?.setAttribute('class', 'over');
    svg.replaceChildren(...images);
    return svg;
  }

  #crop(layer: string, pick: Pick): SVGSVGElement {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    return this.#draw(svg, layer, pick);
  }

  #fill(name: string, options: readonly (readonly [string, string])[], value: string): void {
    const select = this.#part<HTMLSelectElement>(name);
    const made = options.map(([key, label]) => new Option(label, key, false, key === value));
    select.replaceChildren(...made);
    select.closest('label')!.hidden = options.length < 2;
  }

  #button(content: Element, caption: readonly string[], isPressed: boolean, press: () => void) {
    const item = document.createElement('li');
    const element = document.createElement('button');
    element.type = 'button';
    element.setAttribute('aria-pressed', String(isPressed));
    const lines = caption.map((textContent) =>
      Object.assign(document.createElement('div'), { textContent }),
    );
    element.append(content, ...lines);
    element.addEventListener('click', () => {
      press();
      this.#show();
    });
    item.append(element);
    return item;
  }

  /** The focus stays on the button at the same place. */
  #replace(list: Element, items: readonly HTMLLIElement[]): void {
    const at = [...list.children].findIndex((item) => item.contains(document.activeElement));
    list.replaceChildren(...items);
    items[at]?.querySelector('button')?.focus();
  }

  #showPicks(): void {
    const items = this.#shownSetting.picks.map((pick, at) => {
      const caption = [pick.kind, `SSIM ${pick.ssim.model!.toFixed(3)}`];
      return this.#button(this.#crop('model', pick), caption, at === this.#pick, () => {
        this.#pick = at;
      });
    });
    this.#replace(this.#part('picks'), items);
  }

  #showLayers(): void {
    const pick = this.#shownPick;
    const layers = [...this.#shownModel.layers, { name: 'error model', label: 'error' }];
    const items = layers.map(({ name, label }) => {
      const caption = [label, pick.ssim[name]?.toFixed(3) ?? '\u00a0'];
      return this.#button(this.#crop(name, pick), caption, name === this.#layer.right, () => {
        this.#layer.right = name;
      });
    });
    this.#replace(this.#part('layers'), items);
  }

  #slide(): void {
    const share = Number(this.#slider.value);
    this.#part<SVGSVGElement>('over').style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.#part('edge').style.left = `${share}%`;
  }

  #drag({ type, buttons, clientX }: PointerEvent): void {
    if (type === 'pointermove' && buttons === 0) return;
    const box = this.#part('stage').getBoundingClientRect();
    this.#slider.value = String(Math.round((100 * (clientX - box.left)) / box.width));
    this.#slide();
  }

  #showSelects(): void {
    const options = (list: readonly ({ readonly name: string } | { readonly label: string })[]) =>
      list.map((each, at) => [String(at), 'name' in each ? each.name : each.label] as const);
    this.#fill('dataset', options(this.#data), String(this.#dataset));
    this.#fill('model', options(this.#shownDataset.models), String(this.#model));
    this.#fill('setting', options(this.#shownModel.settings), String(this.#setting));
    const layers = this.#shownModel.layers.map(({ name, label }) => [name, label] as const);
    const all = [...layers, ['error model', 'error of the restored image'] as const];
    const first = { left: 'occluded', right: 'model' };
    for (const side of ['left', 'right'] as const) {
      if (!all.some(([name]) => name === this.#layer[side])) this.#layer[side] = first[side];
      this.#fill(side, all, this.#layer[side]);
    }
  }

  #show(): void {
    this.#pick = Math.min(this.#pick, this.#shownSetting.picks.length - 1);
    this.#showSelects();
    const { left, right } = this.#layer;
    this.#draw(this.#part<SVGSVGElement>('over'), left, this.#shownPick);
    this.#draw(this.#part<SVGSVGElement>('under'), right, this.#shownPick);
    const [leftName, rightName] = [this.#labelOf(left), this.#labelOf(right)];
    this.#part('left-name').textContent = leftName;
    this.#part('right-name').textContent = rightName;
    const about = `${leftName} on the left, ${rightName} on the right`;
    this.#part('stage').setAttribute('aria-label', about);
    const { kind, file, ssim } = this.#shownPick;
    const { rival } = this.#shownSetting;
    this.#part('caption').textContent =
      `${kind} · ${file} · SSIM ${ssim.model!.toFixed(4)}, ${this.#labelOf(rival)} ${ssim[rival]!.toFixed(4)}`;
    this.#showPicks();
    this.#showLayers();
    this.#slide();
  }
}
