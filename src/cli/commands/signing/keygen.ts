import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../../../lib/errors.ts';
import { generateIdentity, keyFileText } from '../../../secrets/crypt/identity.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { print } from '../../output/terminal.ts';

const NOTES = `The private key stays on the site: give it to the agent with --age-key-file. The public key goes to \`recipients\` in the spec of the Site, and then
\`holdfast recipients\` writes it into the rules of sops. A file that is there is never written over.

    holdfast keygen /var/lib/holdfast/age.key
    holdfast keygen /var/lib/holdfast/pos.key     # for --age-key-file pos=/var/lib/holdfast/pos.key`;

export const command = defineCommand({
  argument: one('file', 'the file to write the private key to'),
  usage: '<file>',
  options: {},
  notes: NOTES,
  exitCodes: { 0: 'written', 2: 'bad input; nothing was written' },
  async run(file) {
    if (file === undefined) throw InputError.of('name the file for the private key', 'as `holdfast keygen age.key`');
    const identity = await generateIdentity();
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, 'wx', 0o600);
      try {
        await handle.writeFile(keyFileText(identity));
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST')
        throw InputError.of(
          `${file} is there already, and a key that is lost cannot be made again`,
          'name another file',
        );
      throw InputError.of(`${file} cannot be written: ${code ?? message}`);
    }
    print(identity.recipient);
    return EXIT.ok;
  },
});
