// Over 400 lines in one file, since it is one list of promises that is read from top to bottom.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  ContainerInspect,
  CreateContainerBody,
  EventBody,
  HostConfigBody,
} from '../../../src/container/engine-api.ts';
import { connectedEndpoints } from '../../../src/container/networks.ts';
import type { EngineApi } from '../../../src/engine/api.ts';
import { EngineError, type EngineErrorKind } from '../../../src/lib/errors.ts';

/** An engine under the contract. */
export interface ContractSubject {
  api: EngineApi;
  /** On the disk, with busybox' `sh`, `sleep`, `true`, `false`; its command is `sh`, and it has an Env. */
  image: string;
  /** Brings what was begun to its end: in virtual time somebody must turn the clock. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Ends well when it is asked to. */
const SERVE = ['sh', '-c', "trap 'exit 0' TERM; while true; do sleep 0.1; done"];

/**
 * The promises of every engine behind the EngineApi, real or simulated. The simulation is worth something only as far as it passes the same tests
 * as the real engines.
 */
export function engineContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name} keeps the contract of an engine`, () => {
    let subject: ContractSubject;
    let api: EngineApi;
    const prefix = `contract-${Math.random().toString(36).slice(2, 8)}-`;
    const run = <T>(work: Promise<T>): Promise<T> => subject.run(work);

    beforeAll(async () => {
      subject = await open();
      api = subject.api;
    });
    afterEach(async () => {
      const isOurs = (names: string[] | null | undefined): boolean =>
        Boolean(names?.some((found) => found.startsWith(`/${prefix}`)));
      const left = (await run(api.listContainers())).filter(({ Names }) => isOurs(Names));
      // Podman removes none whose namespace another has joined: those that joined were made later.
      const made = new Map(await Promise.all(left.map(async ({ Id }) => [Id, (await inspect(Id)).Created] as const)));
      left.sort((a, b) => ((made.get(a.Id) ?? '') < (made.get(b.Id) ?? '') ? 1 : -1));
      for (const { Id } of left) await run(api.removeContainer(Id, true));
      for (const { Name, Id } of await run(api.listNetworks())) {
        if (Name.startsWith(prefix)) await run(api.removeNetwork(Id ?? Name));
      }
      for (const { Name } of await run(api.listVolumes())) {
        if (Name.startsWith(prefix)) await run(api.removeVolume(Name));
      }
    });
    afterAll(async () => {
      await subject.close();
    });

    const create = async (
      as: string,
      body: Partial<CreateContainerBody> = {},
      host: HostConfigBody = {},
    ): Promise<string> => {
      const whole = { Image: subject.image, Cmd: SERVE, ...body, HostConfig: { ...body.HostConfig, ...host } };
      return (await run(api.createContainer(prefix + as, whole))).id;
    };
    const up = async (...of: Parameters<typeof create>): Promise<string> => {
      const id = await create(...of);
      await run(api.startContainer(id));
      return id;
    };
    const inspect = (id: string): Promise<ContainerInspect> => run(api.inspectContainer(id));
    const status = async (id: string): Promise<string> => (await inspect(id)).State.Status;
    const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
      for (let turn = 0; turn < 200; turn++) {
        if (await holds()) return;
        await subject.pass(50);
      }
      throw new Error(`it never came about that ${what}`);
    };
    const refusal = async (work: Promise<unknown>): Promise<EngineErrorKind | 'success'> => {
      try {
        await run(work);
        return 'success';
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        return error.kind;
      }
    };

    describe('facts', () => {
      test('it says what it is and what it is capable of', async () => {
        const facts = await run(api.facts());
        expect(facts.version).not.toBe('');
        expect(facts.apiVersion).toMatch(/^1\.\d+$/);
        expect(typeof facts.can.update).toBe('boolean');
      });
    });

    describe('a container', () => {
      test('is created and not started, and comes back as it was sent', async () => {
        const id = await create('web', { Env: ['A=1'], Labels: { a: 'b' } }, { Memory: 64 * 2 ** 20 });
        const found = await inspect(id);
        expect(found.Id).toBe(id);
        expect(found.Name).toBe(`/${prefix}web`);
        expect(found.State.Status).toBe('created');
        expect(found.Config.Cmd).toEqual(SERVE);
        expect(found.Config.Env).toContain('A=1');
        expect(found.Config.Labels).toMatchObject({ a: 'b' });
        expect(found.Config.Image).toContain(subject.image);
        expect(found.HostConfig.Memory).toBe(64 * 2 ** 20);
      });
      test('is listed whether or not it runs, with its labels and the ID of its image', async () => {
        const id = await create('web', { Labels: { a: 'b' } });
        const listed = (await run(api.listContainers())).find(({ Id }) => Id === id);
        expect(listed).toMatchObject({ Names: [`/${prefix}web`], Labels: { a: 'b' }, State: 'created' });
        expect(listed?.ImageID).toBe((await inspect(id)).Image);
      });
      test('gets the environment and the command of its image', async () => {
        const image = await run(api.inspectImage(subject.image));
        const { id } = await run(api.createContainer(`${prefix}web`, { Image: subject.image, HostConfig: {} }));
        const { Config } = await inspect(id);
        expect(Config.Cmd).toEqual(image?.Config?.Cmd);
        for (const variable of image?.Config?.Env ?? []) expect(Config.Env).toContain(variable);
      });
      test('cannot have the name of another', async () => {
        await create('web');
        expect(await refusal(create('web'))).toBe('nameTaken');
      });
      test('cannot be made of an image that is not on the disk', async () => {
        expect(await refusal(create('web', { Image: 'holdfast-test/no-such-image:1' }))).toBe('notFound');
      });
      test('starts, and to start it again is no error', async () => {
        const id = await up('web');
        await run(api.startContainer(id));
        const { State } = await inspect(id);
        expect(State.Status).toBe('running');
        expect(Date.parse(State.StartedAt)).toBeGreaterThan(0);
      });
      test('stops at its signal, and to stop it again is no error', async () => {
        const id = await up('web');
        await run(api.stopContainer(id));
        await run(api.stopContainer(id, 0));
        expect((await inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
      });
      test('is killed when it does not heed its signal', async () => {
        const id = await up('web', { Cmd: ['sleep', '1000'] });
        await run(api.stopContainer(id, 0));
        expect((await inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
      });
      test('starts again after it was stopped', async () => {
        const id = await up('web');
        await run(api.stopContainer(id));
        await run(api.startContainer(id));
        expect(await status(id)).toBe('running');
      });
      test('ends by itself with the exit code of its process', async () => {
        const id = await up('job', { Cmd: ['sh', '-c', 'exit 3'] });
        await until(async () => (await status(id)) === 'exited', 'it exited');
        expect((await inspect(id)).State.ExitCode).toBe(3);
      });
      test('that cannot start says so, and stays', async () => {
        const id = await create('web', { Cmd: ['/no/such/program'] });
        expect(await refusal(api.startContainer(id))).toBe('startFailed');
        expect((await inspect(id)).State.Status).not.toBe('running');
      });
      test('cannot publish a port that another has', async () => {
        const port = String(20_000 + Math.floor(Math.random() * 10_000));
        const publish: [object, HostConfigBody] = [
          { ExposedPorts: { '80/tcp': {} } },
          { PortBindings: { '80/tcp': [{ HostPort: port }] } },
        ];
        await up('one', ...publish);
        const two = await create('two', ...publish);
        expect(await refusal(api.startContainer(two))).toBe('portTaken');
      });
      test('takes another name, while it runs too', async () => {
        const id = await up('web');
        await run(api.renameContainer(id, `${prefix}other`));
        expect((await inspect(id)).Name).toBe(`/${prefix}other`);
        await run(api.renameContainer(id, `${prefix}other`));
      });
      test('does not take a name that is taken', async () => {
        await create('one');
        const two = await create('two');
        expect(await refusal(api.renameContainer(two, `${prefix}one`))).toBe('nameTaken');
      });
      test('is not removed while it runs unless it is forced; to remove what is gone is no error', async () => {
        const id = await up('web');
        expect(await refusal(api.removeContainer(id, false))).toBe('conflict');
        await run(api.removeContainer(id, true));
        await run(api.removeContainer(id, true));
        expect(await refusal(api.inspectContainer(id))).toBe('notFound');
        expect((await run(api.listContainers())).some(({ Id }) => Id === id)).toBe(false);
      });
      test('that is gone cannot be started, stopped or renamed', async () => {
        const gone = '0123456789abcdef'.repeat(4);
        expect(await refusal(api.startContainer(gone))).toBe('notFound');
        expect(await refusal(api.stopContainer(gone))).toBe('notFound');
        expect(await refusal(api.renameContainer(gone, `${prefix}x`))).toBe('notFound');
      });
      test('that is not paused may be unpaused', async () => {
        await run(api.unpauseContainer(await up('web')));
      });
      test('runs a command beside its own, which tells its exit code and what it said', async () => {
        const id = await create('web', { Cmd: SERVE });
        await run(api.startContainer(id));
        expect(await run(api.exec(id, { Cmd: ['true'] }))).toEqual({ exitCode: 0, output: '' });
        const { exitCode, output } = await run(api.exec(id, { Cmd: ['sh', '-c', 'echo no luck; exit 3'] }));
        expect([exitCode, output.trim()]).toEqual([3, 'no luck']);
      });
      test.each([false, true])('tells the end of what it printed, its terminal being %s', async (Tty) => {
        const Cmd = ['sh', '-c', 'echo one; echo two >&2; sleep 0.3; echo three; exit 3'];
        const id = await create('web', { Cmd, Tty });
        await run(api.startContainer(id));
        await until(async () => (await inspect(id)).State.Status === 'exited', 'it exited');
        await until(async () => (await run(api.lastOutput(id))).includes('three'), 'it has printed');
        const lines = (await run(api.lastOutput(id))).trim().split(/[\r\n]+/);
        expect(lines.slice(0, 2).sort()).toEqual(['one', 'two']);
        expect(lines.slice(2)).toEqual(['three']);
      });
      test('that printed nothing tells nothing', async () => {
        expect(await run(api.lastOutput(await create('web', { Cmd: SERVE })))).toBe('');
      });
      test('that has no such command says so by an exit code', async () => {
        const id = await create('web', { Cmd: SERVE });
        await run(api.startContainer(id));
        const { exitCode, output } = await run(api.exec(id, { Cmd: ['no-such-command'] }));
        expect([126, 127]).toContain(exitCode);
        expect(output).toContain('no-such-command');
      });
      test('runs no command while it is stopped', async () => {
        const id = await create('web', { Cmd: SERVE });
        expect(await refusal(api.exec(id, { Cmd: ['true'] }))).toBe('conflict');
      });
      test('gets limits and a restart policy in place where the engine can', async () => {
        const { can } = await run(api.facts());
        const id = await up('web', {}, { Memory: 64 * 2 ** 20 });
        const changes = { Memory: 128 * 2 ** 20, MemorySwap: 256 * 2 ** 20, RestartPolicy: { Name: 'always' } };
        if (!can.update) {
          expect(await refusal(api.updateContainer(id, changes))).toBe('unsupported');
          return;
        }
        await run(api.updateContainer(id, changes));
        const { HostConfig, State } = await inspect(id);
        expect(HostConfig.Memory).toBe(128 * 2 ** 20);
        expect(HostConfig.RestartPolicy?.Name).toBe('always');
        expect(State.Status).toBe('running');
      });
      test('is restarted by the engine as its policy says, until somebody stops it', async () => {
        const id = await up('web', { Cmd: ['sh', '-c', 'sleep 0.2; exit 1'] }, { RestartPolicy: { Name: 'always' } });
        await until(async () => (await inspect(id)).RestartCount > 0, 'it was restarted');
        await run(api.stopContainer(id, 0));
        await subject.pass(1500);
        expect(await status(id)).toBe('exited');
      });
      test('joins the namespace of another, whose ID comes back', async () => {
        const main = await up('main');
        const sidecar = await up('sidecar', {}, { NetworkMode: `container:${main}` });
        expect((await inspect(sidecar)).HostConfig.NetworkMode).toBe(`container:${main}`);
      });
      test('is removed although another has joined it only where the engine can', async () => {
        const { can } = await run(api.facts());
        const main = await up('main');
        const sidecar = await up('sidecar', {}, { NetworkMode: `container:${main}` });
        await run(api.stopContainer(main, 0));
        const removed = run(api.removeContainer(main, false));
        if (can.removesJoined) await removed;
        else await expect(removed).rejects.toMatchObject({ kind: 'conflict' });
        await run(api.removeContainer(sidecar, true));
        await run(api.removeContainer(main, false));
      });
      test('keeps unnamed volumes for its successor when it is removed', async () => {
        const id = await create('web', {}, { Mounts: [{ Type: 'volume', Target: '/data' }] });
        const volume = (await inspect(id)).Mounts?.find(({ Destination }) => Destination === '/data')?.Name ?? '';
        expect(volume).toMatch(/^[0-9a-f]{64}$/);
        await run(api.removeContainer(id, true));
        expect((await run(api.listVolumes())).map(({ Name }) => Name)).toContain(volume);
        await run(api.removeVolume(volume));
      });
    });

    describe('networks', () => {
      const network = async (as: string): Promise<string> =>
        run(api.createNetwork({ Name: prefix + as, CheckDuplicate: true, Driver: 'bridge', Labels: { a: 'b' } }));
      const joined = (...names: string[]) => ({
        NetworkingConfig: {
          EndpointsConfig: Object.fromEntries(names.map((name) => [prefix + name, { Aliases: ['db'] }])),
        },
        HostConfig: { NetworkMode: prefix + names[0] },
      });
      const networksOf = async (id: string): Promise<string[]> =>
        Object.keys((await inspect(id)).NetworkSettings?.Networks ?? {}).sort();
      const aliases = async (id: string, on: string): Promise<string[]> =>
        ((await inspect(id)).NetworkSettings?.Networks?.[prefix + on]?.Aliases ?? []).filter(
          (alias) => alias !== id.slice(0, 12),
        );

      test('a network is listed with its labels', async () => {
        const id = await network('front');
        const found = (await run(api.listNetworks())).find(({ Name }) => Name === `${prefix}front`);
        expect(found).toMatchObject({ Id: id, Driver: 'bridge', Labels: { a: 'b' } });
      });
      test('the list of containers tells who is on it, running or not', async () => {
        await network('front');
        const id = await create('web', joined('front'));
        const listed = async () =>
          Object.keys((await run(api.listContainers())).find(({ Id }) => Id === id)?.NetworkSettings?.Networks ?? {});
        expect(await listed()).toEqual([`${prefix}front`]);
        await run(api.startContainer(id));
        expect(await listed()).toEqual([`${prefix}front`]);
      });
      test('there is one of a name', async () => {
        await network('front');
        expect(await refusal(network('front'))).toBe('nameTaken');
      });
      test('a container is created in one, with its aliases', async () => {
        await network('front');
        const id = await up('web', joined('front'));
        expect(await networksOf(id)).toEqual([`${prefix}front`]);
        expect(await aliases(id, 'front')).toEqual(['db']);
      });
      test('a container is created in several where the engine can', async () => {
        const { can } = await run(api.facts());
        await network('front');
        await network('back');
        if (!can.networksAtCreate) {
          expect(['invalid', 'conflict']).toContain(await refusal(create('web', joined('front', 'back'))));
          return;
        }
        const id = await create('web', joined('front', 'back'));
        expect(await networksOf(id)).toEqual([`${prefix}back`, `${prefix}front`]);
      });
      test('a container joins and leaves one, before and after it was started; twice is no error', async () => {
        await network('front');
        await network('back');
        for (const make of [create, up]) {
          const id = await make('web', joined('front'));
          await run(api.connectNetwork(`${prefix}back`, id, { Aliases: ['also'] }));
          await run(api.connectNetwork(`${prefix}back`, id, { Aliases: ['also'] }));
          expect(await networksOf(id)).toEqual([`${prefix}back`, `${prefix}front`]);
          expect(await aliases(id, 'back')).toEqual(['also']);
          await run(api.disconnectNetwork(`${prefix}back`, id));
          await run(api.disconnectNetwork(`${prefix}back`, id));
          expect(await networksOf(id)).toEqual([`${prefix}front`]);
          await run(api.removeContainer(id, true));
        }
      });
      test('nobody leaves or joins when the container is gone', async () => {
        await network('front');
        const gone = '0123456789abcdef'.repeat(4);
        expect(await refusal(api.connectNetwork(`${prefix}front`, gone, {}))).toBe('notFound');
        expect(await refusal(api.disconnectNetwork(`${prefix}front`, gone))).toBe('notFound');
      });
      describe('an address of its own', () => {
        const net = `10.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 250)}`;
        const addressed = (last: number) => ({ IPAMConfig: { IPv4Address: `${net}.${last}` } });
        const pooled = (): Promise<string> =>
          run(
            api.createNetwork({
              Name: `${prefix}front`,
              CheckDuplicate: true,
              Driver: 'bridge',
              IPAM: { Config: [{ Subnet: `${net}.0/24` }] },
            }),
          );
        const holder = (as: string, last: number) => ({
          NetworkingConfig: { EndpointsConfig: { [prefix + as]: addressed(last) } },
          HostConfig: { NetworkMode: prefix + as },
        });
        const connected = async (id: string): Promise<string[]> =>
          connectedEndpoints(await inspect(id))
            .map(([name]) => name)
            .sort();

        test('is given to one that runs: another is not connected then, and is once the address is free', async () => {
          await pooled();
          await network('back');
          const one = await up('one', holder('front', 20));
          const two = await up('two', joined('back'));
          expect(['conflict', 'failed']).toContain(
            await refusal(api.connectNetwork(`${prefix}front`, two, addressed(20))),
          );
          expect(await connected(two)).toEqual([`${prefix}back`]);
          // Nothing of it is in the way of leaving, nor in the way of looking at the engine.
          await run(api.disconnectNetwork(`${prefix}front`, two));
          expect((await run(api.listContainers())).some(({ Id }) => Id === two)).toBe(true);
          await run(api.disconnectNetwork(`${prefix}front`, one));
          await run(api.connectNetwork(`${prefix}front`, two, addressed(20)));
          expect(await connected(two)).toEqual([`${prefix}back`, `${prefix}front`]);
          expect((await inspect(two)).NetworkSettings?.Networks?.[`${prefix}front`]?.IPAddress).toBe(`${net}.20`);
        });
        test('is free when its holder has stopped, which then cannot start', async () => {
          await pooled();
          const one = await up('one', holder('front', 20));
          await run(api.stopContainer(one, 0));
          await up('two', holder('front', 20));
          expect(await refusal(api.startContainer(one))).not.toBe('success');
          expect(await status(one)).toBe('exited');
        });
        test('is one of the network’s own', async () => {
          await pooled();
          await network('back');
          const two = await up('two', joined('back'));
          const outside = { IPAMConfig: { IPv4Address: '192.0.2.7' } };
          expect(await refusal(api.connectNetwork(`${prefix}front`, two, outside))).not.toBe('success');
          expect(await connected(two)).toEqual([`${prefix}back`]);
        });
      });
      test('one that is in use is not removed; to remove what is gone is no error', async () => {
        const id = await network('front');
        const web = await up('web', joined('front'));
        expect(await refusal(api.removeNetwork(id))).toBe('conflict');
        await run(api.removeContainer(web, true));
        await run(api.removeNetwork(id));
        await run(api.removeNetwork(id));
      });
      test('a stopped container whose network was created again starts after it left and joined', async () => {
        const { product } = await run(api.facts());
        if (product === 'Podman') return; // It removes no network that a stopped container is in.
        const first = await network('front');
        const id = await up('web', joined('front'));
        await run(api.stopContainer(id, 0));
        await run(api.removeNetwork(first));
        await network('front');
        expect(await refusal(api.startContainer(id))).toBe('startFailed');
        await run(api.disconnectNetwork(`${prefix}front`, id));
        await run(api.connectNetwork(`${prefix}front`, id, { Aliases: ['db'] }));
        await run(api.startContainer(id));
        expect(await aliases(id, 'front')).toEqual(['db']);
      });
    });

    describe('volumes', () => {
      test('a volume is created once, however often it is asked for, and keeps its first labels', async () => {
        await run(api.createVolume({ Name: `${prefix}data`, Driver: 'local', Labels: { a: 'b' } }));
        await run(api.createVolume({ Name: `${prefix}data`, Driver: 'local', Labels: { a: 'c' } }));
        const found = (await run(api.listVolumes())).filter(({ Name }) => Name === `${prefix}data`);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({ Driver: 'local', Labels: { a: 'b' } });
      });
      test('one that a container has is not removed, even when that has stopped', async () => {
        await run(api.createVolume({ Name: `${prefix}data`, Driver: 'local' }));
        const id = await create('web', {}, { Binds: [`${prefix}data:/data`] });
        expect(await refusal(api.removeVolume(`${prefix}data`))).toBe('conflict');
        await run(api.removeContainer(id, true));
        await run(api.removeVolume(`${prefix}data`));
        await run(api.removeVolume(`${prefix}data`));
      });
      test('a bind of a name that is no volume makes one', async () => {
        await create('web', {}, { Binds: [`${prefix}made:/data`] });
        expect((await run(api.listVolumes())).map(({ Name }) => Name)).toContain(`${prefix}made`);
      });
    });

    describe('images', () => {
      test('one on the disk is found by its reference and by its ID', async () => {
        const found = await run(api.inspectImage(subject.image));
        expect(found?.Config?.Cmd).toEqual(['sh']);
        expect((await run(api.inspectImage(found?.Id ?? '')))?.Id).toBe(found?.Id);
      });
      test('one that is not is undefined', async () => {
        expect(await run(api.inspectImage('holdfast-test/no-such-image:1'))).toBeUndefined();
      });
      test('a registry that does not answer fails the pull', async () => {
        expect(await refusal(api.pullImage('127.0.0.1:1/no/such:1', {}))).toBe('pullFailed');
      });
    });

    describe('events', () => {
      const listen = async (): Promise<{ events: EventBody[]; stop: () => Promise<void> }> => {
        const events: EventBody[] = [];
        const stopped = new AbortController();
        let isOpen = false;
        const ended = api.events(
          {
            open: () => {
              isOpen = true;
            },
            event: (event) => events.push(event),
          },
          stopped.signal,
        );
        await until(async () => isOpen, 'the stream opened');
        return {
          events,
          stop: () => {
            stopped.abort();
            return run(ended);
          },
        };
      };

      test('tell of a container’s life, with its name and its labels', async () => {
        const { events, stop } = await listen();
        const id = await up('web', { Labels: { mine: 'yes' } });
        await run(api.stopContainer(id, 1));
        await run(api.removeContainer(id, true));
        const of = () => events.filter(({ Type, Actor }) => Type === 'container' && Actor.ID === id);
        await until(
          async () => of().some(({ Action }) => Action === 'destroy' || Action === 'remove'),
          'its end was told',
        );
        await stop();
        const actions = of().map(({ Action }) => Action);
        for (const action of ['create', 'start', 'die']) expect(actions).toContain(action);
        expect(of().find(({ Action }) => Action === 'start')?.Actor.Attributes).toMatchObject({
          mine: 'yes',
          name: `${prefix}web`,
        });
      });
      test('tell that a container joined or left a network', async () => {
        await run(api.createNetwork({ Name: `${prefix}front`, CheckDuplicate: true }));
        const id = await up('web');
        const { events, stop } = await listen();
        await run(api.connectNetwork(`${prefix}front`, id, {}));
        await run(api.disconnectNetwork(`${prefix}front`, id));
        const told = (action: string) =>
          events.some(
            (event) =>
              event.Type === 'network' &&
              event.Action === action &&
              [event.Actor.ID, event.Actor.Attributes?.container].includes(id),
          );
        const { product } = await run(api.facts());
        // Podman tells of it for some networks and not for others, so its containers are looked at again in any case.
        if (product !== 'Podman') await until(async () => told('connect') && told('disconnect'), 'both were told');
        await stop();
      });
      test('end without an error when nobody listens any more', async () => {
        const { stop } = await listen();
        await expect(stop()).resolves.toBeUndefined();
      });
    });
  });
}
