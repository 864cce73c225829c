/** `pipe lock`: checks pipeline.lock against the pipeline, without results. */

import { itemAt } from '../decide/build-context.js';
import { inspection } from '../decide/inspection.js';
import type { Variant } from '../decide/options.js';
import { findRoot, type Host, openProject } from '../decide/project.js';
import { renderDiagnostic, UserError } from '../error.js';
import { lockStandings, strangers } from '../lockfile/check-keys.js';
import { type LockedProject, lockNameOf, sectionOf } from '../lockfile/format/sections.js';
import { readLockFile } from '../lockfile/lock-on-disk.js';
import { plural } from '../report/wording.js';
import { type Command, type CommandContext, EXIT, JSON_OPTION } from './command.js';

interface Difference {
  readonly profile: string;
  readonly item?: string;
  readonly message: string;
}

export const command: Command = {
  command: 'lock',
  positionals: '',
  summary: 'Checks pipeline.lock against pipeline.yaml and the code, for every profile in it.',
  options: [
    { name: 'check', help: 'check the file (the default); `pipe run` writes it' },
    {
      name: 'profile',
      value: 'name',
      multiple: true,
      help: 'check only this profile (repeated: their combination)',
    },
    JSON_OPTION,
  ],
  notes: 'Exit: 0 the file is up to date, 3 it is not, 2 it cannot be read.',
  async run(parsed, context) {
    const profiles = parsed.texts('profile');
    const sections = profiles.length > 0 ? [profiles] : sectionsOf(context.host);
    const differences: Difference[] = [];
    let count = 0;
    for (const each of sections) {
      const found = await check(context, { profiles: each, set: [] });
      differences.push(...found.differences);
      count += found.count;
    }
    const { terminal } = context;
    if (parsed.flag('json')) terminal.json(differences);
    else if (differences.length > 0) terminal.out(listing(differences));
    else {
      const name = lockNameOf(lockedIn(context.host));
      terminal.out(`${name} is up to date: ${plural(count, 'item')}\n`);
    }
    return differences.length > 0 ? EXIT.difference : EXIT.done;
  },
};

function lockedIn(host: Host): LockedProject {
  return { root: findRoot(host), variant: host.file === undefined ? {} : { file: host.file } };
}

/** The profiles with a section in the file, and always the default one. */
function sectionsOf(host: Host): string[][] {
  const names = [...(readLockFile(lockedIn(host))?.keys() ?? [])].filter(
    (name) => name !== 'default',
  );
  return [[], ...names.map((name) => name.replace(/^\+/, '').split('+'))];
}

async function check(
  { host, terminal }: CommandContext,
  variant: Variant,
): Promise<{ readonly count: number; readonly differences: Difference[] }> {
  const profile = sectionOf(variant) as string;
  const file = readLockFile(lockedIn(host));
  if (file === undefined) {
    const message = `there is no ${lockNameOf(lockedIn(host))}: \`pipe run\` writes it`;
    return { count: 0, differences: [{ profile, message }] };
  }
  const section = file.get(profile) ?? new Map();
  try {
    const project = await openProject(host, variant, terminal.warn, true);
    const build = await inspection(project, []);
    const differences: Difference[] = strangers(build, section).map((item) => ({
      profile,
      item,
      message: 'is not an item of the pipeline',
    }));
    for (const [index, { difference: message }] of await lockStandings(build, section)) {
      if (message !== undefined)
        differences.push({ profile, item: itemAt(build, index).id, message });
    }
    project.cache.close();
    return { count: build.selected.length, differences };
  } catch (error) {
    if (!(error instanceof UserError) || profile === 'default') throw error;
    // A section of a profile that no longer exists.
    const message = error.diagnostics.map(renderDiagnostic).join('\n');
    return { count: 0, differences: [{ profile, message }] };
  }
}

function listing(differences: readonly Difference[]): string {
  return differences
    .map(({ profile, item, message }) => {
      const where = profile === 'default' ? '' : `profile ${profile}: `;
      return `${where}${item === undefined ? '' : `${item}: `}${message}\n`;
    })
    .join('');
}
