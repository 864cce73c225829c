/** Content of the live page: data, read again when they may have changed, logs and pictures. */
import path from 'node:path';
import type { Cache } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { Project } from '../decide/project.js';
import { concealing, secretValues } from '../decide/secrets.js';
import { fileNameOf } from '../process/file-names.js';
import { logsIn } from '../process/log-follow.js';
import { tailOf } from './collect.js';
import type { Served } from './live-server.js';
import type { PageLog, PageModel } from './model.js';
import { type PictureSource, shownPicture } from './page-pictures.js';
import { resultColumns } from './result-columns.js';

/** Reads the pipeline once. Returns the text of an error in pipeline.yaml. */
export type Look = (
  sourceOf: PictureSource,
  use: (project: Project, model: PageModel) => void,
) => Promise<string | undefined>;

/** Reading may take at most this fraction of a core. */
const PART_OF_TIME = 0.1;
const LEAST_MS = 300;

const LOG_BYTES = 64 * 1024;

export class LivePage implements Omit<Served, 'html' | 'policy'> {
  readonly #look: Look;
  /** The data as JSON; empty before the first reading. */
  #bytes = Buffer.alloc(0);
  /** The data without the time at which they were read. */
  #compared = '';
  #cache: Cache | undefined;
  #items: ReadonlySet<string> = new Set();
  #conceal: (text: string) => string = (text) => text;
  #pictures = new Map<string, { readonly digest: Digest; readonly type: string }>();
  #reading: Promise<void> | undefined;
  #nextRead = 0;

  constructor(look: Look) {
    this.#look = look;
  }

  async data(): Promise<Buffer> {
    await this.read();
    return this.#bytes;
  }

  /** True if the data changed. Limits how often it reads. */
  async read(): Promise<boolean> {
    if (performance.now() < this.#nextRead) return false;
    const before = this.#compared;
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#compared !== before;
  }

  async log(item: string): Promise<PageLog | undefined> {
    if (this.#cache === undefined || !this.#items.has(item)) return undefined;
    const newest = logsIn(path.join(this.#cache.layout.logs, fileNameOf(item))).at(-1);
    if (newest === undefined) return { tail: [], bytes: 0 };
    const { tail, bytes } = tailOf(newest, LOG_BYTES);
    return { tail: tail.map(this.#conceal), bytes };
  }

  picture(name: string): ReturnType<Served['picture']> {
    const known = this.#pictures.get(name);
    return known && this.#cache && shownPicture(this.#cache, known);
  }

  async #readNow(): Promise<void> {
    const started = performance.now();
    const pictures = new Map<string, { readonly digest: Digest; readonly type: string }>();
    const problem = await this.#look(
      ({ digest, type }) => {
        pictures.set(digest, { digest, type });
        return `/picture?digest=${encodeURIComponent(digest)}`;
      },
      (project, model) => {
        this.#cache = project.cache;
        this.#items = new Set(model.items.map(({ id }) => id));
        this.#conceal = concealing(secretValues(project.plan, project.env)).text;
        this.#pictures = pictures;
        this.#take(model);
      },
    );
    if (problem !== undefined) this.#take(withNote(this.#bytes.toString(), problem));
    const took = performance.now() - started;
    this.#nextRead = performance.now() + Math.max(LEAST_MS, took / PART_OF_TIME - took);
  }

  #take(model: PageModel): void {
    this.#bytes = Buffer.from(JSON.stringify(model));
    const { made: _made, run: _run, ...rest } = model;
    this.#compared = JSON.stringify(rest);
  }
}

/** Shows the error above the last known state. */
function withNote(text: string, problem: string): PageModel {
  const known: Partial<PageModel> = text === '' ? {} : JSON.parse(text);
  const made = new Date().toISOString();
  return {
    format: 1,
    project: '',
    pipe: '',
    variant: '',
    items: [],
    results: resultColumns([]),
    ...known,
    made,
    notes: [problem],
  };
}
