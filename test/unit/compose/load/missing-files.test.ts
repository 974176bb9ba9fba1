import { expect, test } from '@jest/globals';
import { formatProblem } from '../../../../src/lib/errors.ts';
import { compile, problemsOf, serviceText, type TestFile } from '../support.ts';

/** The warnings about a service's mounts and about other services of the app. */
async function said(mounts: string[], files: Record<string, TestFile> = {}, more = ''): Promise<string[]> {
  const app = await compile(`${serviceText(`volumes: ${JSON.stringify(mounts)}`)}${more}`, { files });
  return (app.missing ?? []).map((problem) => formatProblem(problem).replace(/^compose.yaml:\d+:\d+: /, ''));
}
const mqtt = { 'mqtt/mqtt.conf': 'x', 'mqtt/acl': 'x' };
const GONE = '; if the site does not have it either, the engine creates an empty folder there';
const ADD = ' (add the file to Git, or put it on the site before the service starts)';

test.each([
  ['./mqtt/mqqt.conf:/m/mqtt.conf', `Git has no mqtt/mqqt.conf${GONE} (did you mean ./mqtt/mqtt.conf?)`],
  ['./mqqt/mqtt.conf:/m/mqtt.conf', `Git has no mqqt/mqtt.conf${GONE} (did you mean ./mqtt/mqtt.conf?)`],
  ['./mqqt/mqqt.conf:/m/mqtt.conf:ro', `Git has no mqqt/mqqt.conf${GONE} (did you mean ./mqtt/mqtt.conf?)`],
  ['./mqtt/alc:/m/acl', `Git has no mqtt/alc${GONE} (did you mean ./mqtt/acl?)`],
  ['./mqqt:/m', `Git has no mqqt${GONE} (did you mean ./mqtt?)`],
  ['./acme.json:/acme.json', `Git has no acme.json${GONE}${ADD}`],
  ['./settings:/etc/app/settings.yaml', `Git has no settings${GONE}${ADD}`],
])('a file that Git does not have is told of: %s', async (mount, problem) => {
  expect(await said([mount], mqtt)).toEqual([problem]);
});

test.each([
  './data:/data',
  './mqtt/data:/data',
  './conf.d:/etc/nginx/conf.d',
  './www.example.com:/var/www/www.example.com',
  './.config:/root/.config',
  './run/app.sock:/app.sock',
  './mqtt:/m',
  './mqtt/mqtt.conf:/m/mqtt.conf',
  '/etc/mqqt.conf:/m/mqtt.conf',
  'mqqt:/m',
])('a data folder, an existing file and a path outside of Git give no warning: %s', async (mount) => {
  expect(await said([mount], mqtt, 'volumes: { mqqt: {} }\n')).toEqual([]);
});

test('an example beside it is not what is meant, nor what another mount binds', async () => {
  expect(await said(['./app.conf:/a'], { 'app.conf.example': '' })).toEqual([`Git has no app.conf${GONE}${ADD}`]);
  expect(await said(['./data1:/a', './data2:/b'], { 'data1/.gitkeep': '' })).toEqual([]);
  expect(await said(['./data2:/b'], { 'data1/.gitkeep': '' })).toEqual([
    `Git has no data2${GONE} (did you mean ./data1?)`,
  ]);
});

test('where the engine makes no folder, only a slip is told of', async () => {
  const use = (file: string) =>
    said([], mqtt, `  t: { image: busybox, configs: [c] }\nconfigs: { c: { file: ${file} } }\n`);
  expect(await use('./mqtt/mqqt.conf')).toEqual(['Git has no mqtt/mqqt.conf (did you mean ./mqtt/mqtt.conf?)']);
  expect(await use('./acme.json')).toEqual([]);
});

test('a site’s own value is not shown by it', async () => {
  const text = serviceText(`volumes: ["./\${TOKEN}.conf:/x.conf"]`);
  const app = await compile(text, { options: { localValues: { TOKEN: 'hunter2' } } });
  expect(JSON.stringify(app.missing)).toContain('TOKEN');
  expect(JSON.stringify(app.missing)).not.toContain('hunter2');
});

test('the number of warnings is limited, even for many binds and large folders', async () => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`m/${index}.conf`, '']));
  const mounts = Array.from({ length: 500 }, (_, index) => `./m/x${index}.conf:/${index}`);
  const found = await said(mounts, many);
  expect(found).toHaveLength(50);
  expect(found[0]).toBe(`Git has no m/x0.conf${GONE}${ADD}`);
});

test.each([
  ['env_file: conf/wbe.env', 'conf/web.env', 'Git has no such env_file'],
  ['label_file: ./cnof/web.labels', 'conf/web.labels', 'Git has no label_file ./cnof/web.labels'],
  ['security_opt: ["seccomp=sccomp.json"]', 'seccomp.json', 'Git has no such seccomp profile'],
  ['extends: { file: comon.yaml, service: s }', 'common.yaml', 'there is no file comon.yaml'],
])('a missing file that compiling reads gets the same hint: %s', async (keys, path, problem) => {
  const problems = await problemsOf(compile(serviceText(keys), { files: { [path]: '' } }));
  expect(problems).toContain(`${problem} (did you mean ./${path}?)`);
});

test('so is what is included', async () => {
  const include = (entry: string) =>
    problemsOf(compile(`${serviceText('user: x')}include: [${entry}]\n`, { files: { 'more.yaml': '', 'a.env': '' } }));
  expect(await include('moer.yaml')).toContain('there is no file moer.yaml (did you mean ./more.yaml?)');
  expect(await include('{ path: more.yaml, env_file: b.env }')).toContain(
    'there is no file b.env (did you mean ./a.env?)',
  );
});
