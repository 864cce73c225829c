/** `pipe remote`: shows which remote cache is used, and whether it can be read and written. */
import { generateKeyPairSync } from 'node:crypto';
import { openProject } from '../decide/project.js';
import { userError } from '../error.js';
import { probe, type RemoteState, stateText } from '../remote/probe.js';
import { requireRemote } from '../remote/remote-config.js';
import { type Command, type CommandContext, EXIT, JSON_OPTION } from './command.js';

export const command: Command = {
  command: 'remote',
  positionals: '[keygen]',
  summary: 'Shows the remote cache, and whether this machine can read and write it.',
  options: [JSON_OPTION],
  parts: [
    {
      name: 'keygen',
      positionals: '',
      summary:
        'Generates an Ed25519 key pair: a private key that signs results, and its public key for `trust`.',
      options: ['json'],
    },
  ],
  notes: 'Exit: 0 it can be read, 1 it cannot, 2 an error.',
  async run(parsed, context) {
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
          `# in pipeline.yaml, for all readers:\nremote: { url: …, trust: ["${pair.public}"] }\n\n# a secret for writers, such as your CI:\nPIPE_REMOTE_SIGNING_KEY=${pair.private}\n`,
        );
      return EXIT.done;
    }
    const state = await test(context);
    const reason = state.reason === undefined ? '' : `  ${state.reason}\n`;
    if (parsed.flag('json')) terminal.json(state);
    else terminal.out(`${stateText(state)}\n${reason}`);
    return state.read ? EXIT.done : EXIT.failed;
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

async function test({ host, terminal, interruption }: CommandContext): Promise<RemoteState> {
  const project = await openProject(host, { profiles: [], set: [] }, terminal.warn, true);
  project.cache.close();
  const config = requireRemote(project.plan.remote, project.env);
  return probe(config, project.env, interruption.stop);
}
