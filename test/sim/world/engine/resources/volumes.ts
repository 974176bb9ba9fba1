import type { VolumeBody } from '../../../../../src/container/engine-api.ts';
import { EngineError } from '../../../../../src/lib/errors.ts';
import type { Machine } from '../machine.ts';

/** One that exists stays as it is, labels and all; another driver under its name is refused. */
export function createVolume(machine: Machine, body: VolumeBody): void {
  const existing = machine.volumes.get(body.Name);
  if (existing) {
    if ((existing.body.Driver ?? 'local') !== (body.Driver ?? 'local')) {
      throw new EngineError('nameTaken', `volume name ${body.Name} already exists with another driver`);
    }
    return;
  }
  machine.volumes.set(body.Name, {
    body: {
      Name: body.Name,
      Driver: body.Driver ?? 'local',
      Labels: { ...body.Labels },
      Options: body.DriverOpts && Object.keys(body.DriverOpts).length > 0 ? { ...body.DriverOpts } : null,
    },
  });
  machine.bus.emit('volume', 'create', body.Name, { driver: body.Driver ?? 'local' });
}

export function removeVolume(machine: Machine, name: string): void {
  if (!machine.volumes.has(name)) return;
  const user = [...machine.containers.values()].find((container) => container.volumes.includes(name));
  if (user) throw new EngineError('conflict', `remove ${name}: volume is in use - [${user.id}]`);
  machine.volumes.delete(name);
  machine.onNote(`volume ${name} removed`);
  machine.bus.emit('volume', 'destroy', name, { driver: 'local' });
}
