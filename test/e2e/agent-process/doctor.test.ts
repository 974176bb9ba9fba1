import { expect, test } from '@jest/globals';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { allRun, app, describeChaos, fleet, HOST, IMAGE, staying } from '../../support/site/chaos-site.ts';
import { agentProcess, site } from './agent-process.ts';

agentProcess();

describeChaos('the doctor', () => {
  test('reads engine, repo and accepted state of a site with the settings of its agent', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const agent = await site.start();
    await site.becomes('web runs', allRun(1));
    await site.sees(/^all as [0-9a-f]+ says$/);
    await agent.end('SIGTERM');
    const env = {
      HOLDFAST_REPO: site.repo.url,
      HOLDFAST_REVISION: 'main',
      HOLDFAST_SITE: site.name,
      HOLDFAST_STATE_DIR: site.stateDir,
      HOLDFAST_FILES_DIR: site.filesDir,
      HOLDFAST_DOCKER_HOST: HOST,
      // Nobody outside of this machine is asked for the image.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    };
    const lines = async (more: Record<string, string> = {}) => {
      const { code, stdout } = await holdfast(['doctor', '-o', 'json'], { env: { ...env, ...more } });
      const findings: { check: string; level: string; message: string }[] = JSON.parse(stdout).findings;
      return { code, of: (name: string) => findings.find(({ check }) => check === name) };
    };
    const { code, of } = await lines();
    expect(code).toBe(1);
    expect(of('engine')).toMatchObject({ level: 'ok', message: expect.stringMatching(/answers, with API/) });
    for (const name of ['state folder', 'files folder', 'Git', 'DNS'])
      expect([name, of(name)?.level]).toEqual([name, 'ok']);
    // The image was imported and is on the disk. No registry has it.
    expect(of('images')).toMatchObject({ level: 'warning', message: expect.stringContaining(IMAGE) });
    const other = await lines({ HOLDFAST_REVISION: 'nowhere' });
    expect(other.of('Git')).toMatchObject({ level: 'problem', message: expect.stringContaining('nowhere') });
  });
});
