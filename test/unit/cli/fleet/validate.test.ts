import { expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { captureWritten, written } from '../../../support/program/written.ts';
import { configFolder } from '../../../support/site/config-folder.ts';

captureWritten();

const head = 'apiVersion: holdfast/v1\nkind: ';
/** Values that a notice must not show; none is a word of a sentence. */
const VALUES = ['hunter2', 'hunter3', 'hunter4', 'hunter5', 'hunter6', 'hunter7', 'c2VjcmV0', 'AKIAIOSFODNN7EXAMPLE'];

test('passwords and keys in Git are reported once, with their place, and never shown', async () => {
  const folder = await configFolder({
    'fleet.yaml': `${head}Fleet\nspec:\n  siteValues: [GIVEN]\n  values:\n    ADMIN_PASSWORD: hunter2\n    REGION: eu\n  syncPolicy: {}\n`,
    'sites/a.yaml': `${head}Site\nspec:\n  values:\n    API_KEY: hunter3\n`,
    'sites/b.yaml': `${head}Site\nspec: {}\n`,
    'apps/shop/app.yaml': `${head}Application\nspec: {}\n`,
    'apps/shop/.env': '# no secret: PASSWORD\nTAG=1\nexport DB_PASS=hunter4\nEMPTY_TOKEN=\n',
    'apps/shop/web.env': 'SMTP_PASSWORD=hunter5\n',
    'apps/shop/key.pem': '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n',
    'apps/shop/compose.yaml': `services:
  web:
    image: nginx:\${TAG}
    env_file: web.env
    secrets: [key]
    environment:
      URL: postgres://shop:hunter6@db/shop
      PLAIN: AKIAIOSFODNN7EXAMPLE
      KEY_FILE: /run/secrets/key
      PASSWORD_FILE: /run/secrets/password
      GIVEN_TOKEN: \${GIVEN}
  db:
    image: postgres
    environment: [POSTGRES_PASSWORD=hunter7, MODE=fast]
secrets:
  key: { file: ./key.pem }
`,
  });
  try {
    expect(await run(['validate', folder.dir])).toBe(0);
    const notices = written.split('\n').filter((text) => text.startsWith('warning: '));
    expect(notices.map((text) => text.replace(/^warning: /, '').split(/ may be a secret| \(/)[0])).toEqual([
      'apps/shop/.env:3:1: DB_PASS',
      'apps/shop/compose.yaml:7:7: URL of web',
      'apps/shop/compose.yaml:8:7: PLAIN of web',
      'apps/shop/compose.yaml:14:19: POSTGRES_PASSWORD of db',
      'apps/shop/key.pem:1:1: this is the secret key, and everybody who can read the repo can read it',
      'apps/shop/web.env:1:1: SMTP_PASSWORD',
      'fleet.yaml:6:5: ADMIN_PASSWORD',
      'sites/a.yaml:5:5: API_KEY',
    ]);
    for (const value of VALUES) expect(written).not.toContain(value);
    expect(written).toContain('valid: 2 sites, 1 app\n');
  } finally {
    await folder.remove();
  }
});

test('Windows that never open together are one error that names them and their sites', async () => {
  const app = (window: string) => `${head}Application\nspec:\n  syncWindows:\n    - ${window}\n`;
  const folder = await configFolder({
    'fleet.yaml': `${head}Fleet\nspec:\n  syncWindows:\n    - {kind: deny, schedule: 0 6 * * *, duration: 18h}\n  oldestAgent: 0.2.0\n`,
    'sites/a.yaml': `${head}Site\nspec: {timeZone: Europe/Lisbon}\n`,
    'sites/b.yaml': `${head}Site\nspec: {timeZone: Asia/Tokyo}\n`,
    'sites/c.yaml': `${head}Site\nspec: {timeZone: Asia/Tokyo}\n`,
    'apps/good/app.yaml': app('{kind: allow, schedule: 0 2 * * *, duration: 2h}'),
    'apps/good/compose.yaml': 'services: {web: {image: a}}\n',
    'apps/never/app.yaml': app('{kind: allow, schedule: 0 12 * * *, duration: 2h}'),
    'apps/never/compose.yaml': 'services: {web: {image: a}}\n',
    'apps/some/app.yaml': app('{kind: allow, schedule: 0 2 * * *, duration: 2h, timeZone: Europe/Lisbon}'),
    'apps/some/compose.yaml': 'services: {web: {image: a}}\n',
  });
  try {
    expect(await run(['validate', folder.dir])).toBe(2);
    const errors = written.split('\n').filter((text) => text.startsWith('error: '));
    const rule =
      '(an active deny wins, and each of Fleet, Site and Application that has an allow must have one open at the same time)';
    const never = (name: string, window: string) =>
      `no change of ${name} would ever be applied: its sync windows do not open within a year: deny "0 6 * * *" for 18h (fleet.yaml:5:7), allow ${window}`;
    expect(errors).toEqual([
      `error: apps/never/app.yaml:5:7: ${never('never', '"0 12 * * *" for 2h (apps/never/app.yaml:5:7)')} on site a ${rule}`,
      `error: apps/never/app.yaml:5:7: ${never('never', '"0 12 * * *" for 2h (apps/never/app.yaml:5:7)')} on sites b, c ${rule}`,
      `error: apps/some/app.yaml:5:7: ${never('some', '"0 2 * * *" for 2h (apps/some/app.yaml:5:7)')} on sites b, c ${rule}`,
    ]);
  } finally {
    await folder.remove();
  }
});
