/** `pipe remote`: which remote cache is used, and whether it can be read and written. */
import { generateKeyPairSync } from 'node:crypto';
import { openProject } from '../decide/project.js';
import { userError } from '../error.js';
import { openStore } from '../remote/open-store.js';
import { StoreError } from '../remote/store.js';
import { parse, type Usage } from './args.js';
import { type Command, type CommandContext, EXIT, JSON_OPTION } from './command.js';
import { requireRemote } from './remote-option.js';

const usage: Usage = {
  command: 'remote',
  positionals: '[keygen]',
  summary: 'Shows the remote cache, and whether this machine can read and write it.',
  options: [JSON_OPTION],
  parts: [
    {
      name: 'keygen',
      positionals: '',
      summary:
        'Makes an Ed25519 key pair: a secret to sign results with, and its public key for trust:.',
      options: ['json'],
    },
  ],
  notes: 'Exit: 0 it can be read, 1 it cannot, 2 an error.',
};

interface Standing {
  readonly url: string;
  readonly mode: 'rw' | 'r';
  readonly read: boolean;
  readonly write: boolean;
  readonly milliseconds: number;
  /** Why it cannot be read or written. */
  readonly reason?: string;
}

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    const { terminal } = context;
    const [part] = parsed.positionals;
    if (part !== undefined && part !== 'keygen')
      throw userError(
        'no-subcommand',
        `pipe remote has no "${part}"`,
        'use `pipe remote` or `pipe remote keygen`',
      );
    if (part === 'keygen') {
      const pair = keyPair();
      if (parsed.flag('json')) terminal.json(pair);
      else
        terminal.out(
          `# in pipeline.yaml, for all readers:\nremote: { url: …, trust: ["${pair.public}"] }\n\n# a secret of those who may write, such as your CI:\nPIPE_REMOTE_SIGNING_KEY=${pair.private}\n`,
        );
      return EXIT.done;
    }
    const standing = await test(context);
    if (parsed.flag('json')) terminal.json(standing);
    else terminal.out(`${lines(standing).join('\n')}\n`);
    return standing.read ? EXIT.done : EXIT.failed;
  },
};

function keyPair(): { readonly public: string; readonly private: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const text = (der: Buffer) => `ed25519:${der.toString('base64')}`;
  return {
    public: text(publicKey.export({ type: 'spki', format: 'der' })),
    private: text(privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

/** Of no object: it says whether somebody may write, and is overwritten by the next test. */
const PROBE = 'ac/pipe-probe';

async function test({ host, terminal, interruption }: CommandContext): Promise<Standing> {
  const warn = (message: string) => terminal.err(`warning: ${message}\n`);
  const project = await openProject(host, { profiles: [], set: [] }, warn, true);
  project.cache.close();
  const config = requireRemote(project.plan.remote, project.env);
  const store = openStore(config, project.env, interruption.stop);
  const started = performance.now();
  const { url, mode } = config;
  try {
    const read = await allowed(() => store.has(PROBE));
    const milliseconds = Math.round(performance.now() - started);
    const writing =
      mode === 'r' || read !== undefined
        ? undefined
        : await allowed(() => store.put(PROBE, Buffer.from('pipe'), false));
    const write = mode === 'rw' && read === undefined && writing === undefined;
    const reason = read ?? writing;
    return { url, mode, read: read === undefined, write, milliseconds, ...(reason && { reason }) };
  } finally {
    store.close();
  }
}

/** Why not; undefined: it is. */
async function allowed(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error.message;
    throw error;
  }
}

function lines({ url, mode, read, write, milliseconds, reason }: Standing): string[] {
  const can = read ? `can be read (${milliseconds} ms)` : 'cannot be read';
  const writes = write ? 'and written' : mode === 'r' ? 'and is only read from' : 'but not written';
  return [
    `${url} ${read ? `${can} ${writes}` : can}`,
    ...(reason === undefined ? [] : [`  ${reason}`]),
  ];
}
