import { access, constants } from 'node:fs/promises';
import { InputError, SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { hasManifest } from '../../registry/image/has-manifest.ts';
import { openRegistry } from '../../registry/oci/open-registry.ts';
import { gitSource } from '../../source/git-source.ts';
import { parseRemote, type Remote } from '../../source/remote.ts';
import type { AgentSettings } from '../settings/agent-settings.ts';
import { sourceOptions } from '../settings/source-settings.ts';

/** The answer of the config repo. */
export interface RepoAnswer {
  /** A sentence for people about the repo, or the reason why it cannot be read. */
  found: string | SourceError | InputError;
  /** The `Date` of a verified HTTPS answer, and the clock of this machine at that moment, in milliseconds since 1970. */
  date?: { server: number; here: number } | undefined;
}

/** The repos that the settings name. Throws InputError for settings that name none, or one that cannot be used. */
export function remotesOf({ repo }: Pick<AgentSettings, 'repo'>): [Remote, ...Remote[]] {
  const [first, ...others] = repo.map(parseRemote);
  if (!first) throw InputError.of('no config repo is set', 'give --repo, HOLDFAST_REPO or `repo` in the config file');
  return [first, ...others];
}

/**
 * Asks the config repo for its revision, with the agent's own settings, and fetches nothing. An unknown key of an SSH server is not written down.
 */
export async function askRepo(
  settings: AgentSettings,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<RepoAnswer> {
  let date: RepoAnswer['date'];
  try {
    const [remote] = remotesOf(settings);
    const known = sourceOptions({ ...settings, sshAcceptNewHostKey: false }, environment);
    const options = {
      ...known,
      onDate: (server: number) => {
        date = { server, here: Date.now() };
      },
    };
    if (remote.kind === 'bundle') {
      await access(remote.url, constants.R_OK).catch(({ code }: NodeJS.ErrnoException) => {
        throw new SourceError('notFound', `${remote.url} cannot be read: ${code}`);
      });
      return { found: `${remote.url} can be read` };
    }
    if (remote.kind === 'registry') {
      // A poll would write: it takes in all bundles that are new.
      const registry = openRegistry(remote.reference, 'pull', options.limits, options);
      const { digest, tag } = remote.reference;
      await hasManifest(registry, digest ?? tag, signal).finally(() => registry.close());
      return { found: `${remote.url} is there`, date };
    }
    const { revision, path, stateDir } = settings;
    const source = gitSource({
      ...options,
      url: settings.repo[0] ?? '',
      others: settings.repo.slice(1),
      dir: `${stateDir}/git`,
      revision: revision || undefined,
      path,
    });
    const { commit } = await source.poll(signal).finally(() => source.close());
    return { found: `${source.origin.description} can be read: it is at ${shortRevision(commit)}`, date };
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof InputError)) throw error;
    return { found: error, date };
  }
}
