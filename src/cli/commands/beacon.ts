import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Clone, openClone } from '../../git/clone/clone.ts';
import { git, programIn } from '../../git/clone/git-program.ts';
import { namedCommit } from '../../git/clone/named-commit.ts';
import { InputError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { beaconPayload, beaconRef } from '../../trust/beacon.ts';
import { readOpenSshKey, signSsh } from '../../trust/signature/ssh-sign.ts';
import { trailers } from '../../trust/signed-object.ts';
import { siteTime } from '../../trust/site-time.ts';
import { NAMESPACE } from '../../trust/trust.ts';
import { defineCommand, one } from '../command.ts';
import { EXIT } from '../exit.ts';
import { count, duration, text } from '../options/kinds.ts';
import { type OptionsOf, optional, required, withDefault } from '../options/option.ts';
import { print } from '../output/terminal.ts';

const options = {
  revision: withDefault(text('ref'), 'HEAD', 'the branch or tag, as in the --revision of the sites'),
  commit: optional(text('commit'), 'the commit that it is at (default: the one that the clone has)'),
  key: required(text('file'), 'an SSH key that may sign for holdfast-beacon; a .pub file for one in an ssh-agent'),
  valid: withDefault(duration, '24h', 'the time for which sites believe it'),
  sequence: optional(
    count(1),
    "the beacon's number; sites believe no lower one than they saw (default: the time in seconds)",
  ),
  push: optional(text('remote'), 'send it to this remote, with the program git'),
};

type BeaconOptions = OptionsOf<typeof options>;

/** Signs into a clone, and sends it where the sites look. */
export const command = defineCommand({
  argument: one('folder', 'a clone of the config repo (default: the current folder)'),
  options,
  exitCodes: { 0: 'signed', 2: 'bad input, or Git or ssh-keygen failed' },
  async run(folder, options) {
    const dir = folder ?? '.';
    const { revision } = options;
    const ref = beaconRef(revision);
    if (ref === undefined)
      throw InputError.of(`${JSON.stringify(revision)} is not the name of a branch or a tag that sites can follow`);
    const issued = Math.floor(Date.now() / 1000) * 1000;
    if (siteTime(new Date(issued)) === undefined)
      throw InputError.of(`the clock of this machine says ${new Date(issued).toISOString()}, which cannot be right`);
    const clone = await openClone(dir);
    return issue(clone, dir, ref, issued, options).finally(() => clone.close());
  },
});

async function issue(clone: Clone, dir: string, ref: string, issued: number, options: BeaconOptions): Promise<number> {
  const { revision } = options;
  const named = await namedCommit(clone, options.commit ?? revision);
  if (!named) throw InputError.of(`${dir} has no commit ${options.commit ?? revision}`);
  const { commit } = named;
  if (options.push !== undefined) await fetchBefore(dir, options.push, ref);
  const highest = issued / 1000 + 86_400;
  const found = await lastSequence(clone, ref);
  // A number far beyond its time was believed by no site.
  const last = found <= highest ? found : 0;
  // The time in seconds needs no memory. If somebody's clock was ahead, the last number plus one is higher.
  const sequence = options.sequence ?? Math.max(last + 1, issued / 1000);
  if (sequence <= last) {
    throw InputError.of(
      `--sequence ${sequence} is not above ${last}, the last beacon's: sites that saw that one believe no lower number`,
      'leave it out: the number then rises by itself',
    );
  }
  if (sequence > highest) {
    throw InputError.of(
      `--sequence ${sequence} is more than a day ahead of now, ${issued / 1000} s since 1970: no site believes it`,
      'leave it out, and it counts up',
    );
  }
  const payload = beaconPayload({
    revision,
    commit,
    sequence,
    issued,
    expires: issued + options.valid,
  });
  const signed = payload + (await sign(resolve(options.key), payload, dir));
  await clone.storeTag(Buffer.from(signed), ref);
  if (options.push !== undefined) await git(dir, ['push', '--quiet', options.push, `+${ref}:${ref}`]);
  print(
    `beacon ${sequence} of ${revision}: at ${shortRevision(commit)}, until ${new Date(issued + options.valid).toISOString()}${options.push === undefined ? `; send it with: git push REMOTE +${ref}:${ref}` : ''}`,
  );
  return EXIT.ok;
}

async function fetchBefore(dir: string, remote: string, ref: string): Promise<void> {
  const there = (await git(dir, ['ls-remote', remote, ref])).toString('utf8').trim();
  if (there !== '') await git(dir, ['fetch', '--quiet', remote, `+${ref}:${ref}`]);
}

/** The number of the newest beacon in the clone; 0 if there is none. */
async function lastSequence(clone: Clone, ref: string): Promise<number> {
  const last = (await clone.refs([ref])).find(({ name }) => name === ref);
  const object = last && (await clone.find(last.oid));
  const message = object?.type === 'tag' ? object.content.toString('utf8').split('-----BEGIN')[0] : undefined;
  return Number(trailers(message ?? '', 'Sequence')[0] ?? 0);
}

async function sign(key: string, payload: string, dir: string): Promise<string> {
  const text = await readFile(key, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw InputError.of(`the key ${key} cannot be read: ${error.code ?? error.message}`);
  });
  const own = readOpenSshKey(text);
  if (own) return signSsh(own, Buffer.from(payload), NAMESPACE.beacon);
  // OpenSSH knows passphrases, security keys, and an ssh-agent behind a .pub file.
  const args = ['-Y', 'sign', '-q', '-n', NAMESPACE.beacon, '-f', key];
  const { code, stdout, stderr } = await programIn(dir, 'ssh-keygen', args, payload);
  if (code !== 0) throw InputError.of(`ssh-keygen cannot sign with ${key}: ${stderr}`);
  return stdout.toString('utf8');
}
