import { access, constants, stat } from 'node:fs/promises';
import type { AgentSettings } from '../../settings/agent-settings.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import type { Subject } from '../subject.ts';

/** The files of settings that hold secrets. */
const privateFiles = ({ passwordFile, tokenFile, keyFile, sshKeyFile, sshPassphraseFile, ageKeyFile }: AgentSettings) =>
  [passwordFile, tokenFile, keyFile, sshKeyFile, sshPassphraseFile, ...ageKeyFile.map(({ file }) => file)].filter(
    (file) => file !== undefined,
  );

/** Can the files with secrets be read by this user, and by nobody else? */
export async function checkPrivateFiles({ settings }: Subject): Promise<Finding> {
  const files = [...new Set(privateFiles(settings))];
  const open: string[] = [];
  for (const file of files) {
    const code = await access(file, constants.R_OK).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code ?? 'unknown',
    );
    if (code !== undefined)
      return problem(`${file} cannot be read: ${code}`, 'write the file, or give it to the user of the agent');
    if (((await stat(file)).mode & 0o004) !== 0) open.push(file);
  }
  if (open.length > 0)
    return warning(`everybody on this machine can read ${open.join(', ')}`, `chmod 600 ${open.join(' ')}`);
  return ok(
    files.length === 0 ? 'no file with a secret is set' : 'files with secrets can be read by their users alone',
  );
}
