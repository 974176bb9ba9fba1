import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { generateIdentity, keyFileText } from '../../../src/secrets/crypt/identity.ts';
import { memoryFolder } from '../../support/secrets/memory-folder.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import { execIn } from '../../support/site/site.ts';
import { atLaptop, host, laptop, run, statesOf } from '../laptop/laptop.ts';

atLaptop('secrets in Git', () => {
  const { uniqueApp, folderWith } = laptop();
  const key = generateIdentity();
  const sealed = async (password: string): Promise<string> =>
    sealedFile('db.yaml', `password: ${password}\n`, { recipients: [(await key).recipient] });

  test('apply decrypts with a key, and diff compares without one', async () => {
    const app = uniqueApp();
    const memory = await memoryFolder();
    try {
      const folder = await folderWith({
        'compose.yaml': `name: ${app}\nservices: { web: { image: "${IMAGE}", read_only: true, secrets: [db] } }\nsecrets: { db: { file: ./db.yaml } }\n`,
        'db.yaml': await sealed('weasel-17320508'),
      });
      const keyFile = join(folder.dir, 'age.key');
      await writeFile(keyFile, keyFileText(await key), { mode: 0o600 });
      const secretsDir = ['--secrets-dir', memory.path];

      const without = await run(folder, 'apply', ...secretsDir);
      expect([without.code, without.stderr]).toEqual([
        2,
        expect.stringContaining('db.yaml is encrypted, and there is no age key here'),
      ]);
      expect(await statesOf(app)).toEqual([]);

      const applied = await run(folder, 'apply', ...secretsDir, '--age-key-file', keyFile);
      expect([applied.code, applied.stderr]).toEqual([0, '']);
      expect(await execIn(host, `${app}-web-1`, ['cat', '/run/secrets/db'])).toContain('password: weasel-17320508');
      expect(await run(folder, 'diff', ...secretsDir)).toMatchObject({ code: 0, stderr: '' });

      await writeFile(join(folder.dir, 'db.yaml'), await sealed('marten-22360679'));
      const diff = await run(folder, 'diff', ...secretsDir);
      expect(diff.code).toBe(1);
      expect(diff.stdout).toContain('replace  files: changed, content unknown');
      const again = await run(folder, 'apply', ...secretsDir, '--age-key-file', keyFile);
      expect([again.code, again.stderr]).toEqual([0, '']);
      expect(await execIn(host, `${app}-web-1`, ['cat', '/run/secrets/db'])).toContain('password: marten-22360679');
    } finally {
      await memory.clear();
    }
  }, 120_000);
});
