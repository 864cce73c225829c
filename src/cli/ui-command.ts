/** `pipe ui`: the page of `pipe report`, live, on 127.0.0.1. */
import { once } from 'node:events';
import { openProject, type Project } from '../decide/project.js';
import { renderDiagnostic, UserError, userError } from '../error.js';
import { collectPage } from '../page/collect.js';
import { LivePage, type Look } from '../page/live-page.js';
import { LiveServer } from '../page/live-server.js';
import { pageText } from '../page/page-html.js';
import { RunFeed } from '../page/run-feed.js';
import { journalFolder } from '../run/journal.js';
import { type Command, type CommandContext, EXIT, VARIANT_OPTIONS, variantOf } from './command.js';
import { standings } from './inspect-items.js';

const PORT = 4720;

/** Files may also change without a run. */
const LOOK_MS = 2000;

export const command: Command = {
  command: 'ui',
  positionals: '',
  summary:
    'Serves a live page, like that of `pipe report`, on 127.0.0.1. It follows the runs of all processes in this project. Ctrl-C ends it.',
  options: [
    {
      name: 'port',
      value: 'number',
      help: `the port (default: ${PORT}, or a free one if that cannot be used; 0: any free one)`,
    },
    ...VARIANT_OPTIONS,
  ],
  notes:
    'The page is read-only. Other users of this machine can open it, other machines cannot. Requests from\npages of other sites are refused. Over ssh: ssh -L 4720:127.0.0.1:4720 <host>.',
  async run(parsed, context) {
    const port = portOf(parsed.text('port'));
    const { host, terminal, interruption } = context;
    const variant = variantOf(parsed);
    const first = await openProject(host, variant, terminal.warn, 'if-new');
    const page = new LivePage(lookAt(context, variant));
    const { html, policy } = pageText(host.dist, 'live');
    let feed: RunFeed;
    const server = new LiveServer(
      {
        html: Buffer.from(html),
        policy,
        data: () => page.data(),
        log: (item) => page.log(item),
        picture: (digest) => page.picture(digest),
      },
      () => feed,
    );
    const refresh = async () => {
      if (server.hasListeners && (await page.read())) server.send('changed', {});
    };
    feed = new RunFeed(journalFolder(first), (message) => {
      server.send('run', message);
    });
    first.cache.close();
    const timer = setInterval(() => void refresh().catch((error) => server.fail(error)), LOOK_MS);
    try {
      terminal.out(`http://127.0.0.1:${await listen(server, port)}/\n`);
      const { stop } = interruption;
      await Promise.race([stop.aborted || once(stop, 'abort'), server.failed()]);
    } finally {
      clearInterval(timer);
      feed.close();
      await server.close();
    }
    return EXIT.interrupted;
  },
};

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw userError('option-value', `--port ${text} is not a port`, 'give a number from 0 to 65535');
}

/** Without --port, uses a free port if the default one cannot be used. */
async function listen(server: LiveServer, wished: number | undefined): Promise<number> {
  try {
    return await server.listen(wished ?? PORT);
  } catch (error) {
    const why = REFUSED[(error as NodeJS.ErrnoException).code ?? ''];
    if (why === undefined) throw error;
    if (wished === undefined) return server.listen(0);
    throw userError('option-value', `port ${wished} ${why}`, 'leave out --port, or name another');
  }
}

const REFUSED: Readonly<Record<string, string>> = {
  EACCES: 'may not be used',
  EADDRINUSE: 'is taken by another program',
};

/** Opens the project each time, since its files may have changed. */
function lookAt({ host }: CommandContext, variant: Project['variant']): Look {
  return async (sourceOf, use) => {
    const warnings: string[] = [];
    let project: Project | undefined;
    try {
      project = await openProject(
        host,
        variant,
        (message) => void warnings.push(message),
        'if-new',
      );
      const model = await collectPage(
        project,
        await standings(project, [], { manifests: true }),
        sourceOf,
      );
      use(project, { ...model, notes: [...warnings, ...model.notes] });
      return undefined;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return error.diagnostics.map(renderDiagnostic).join('\n\n');
    } finally {
      project?.cache.close();
    }
  };
}
