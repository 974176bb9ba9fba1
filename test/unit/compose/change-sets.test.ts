import { expect, test } from '@jest/globals';
import { type ChangingApp, changeSets, type Ties } from '../../../src/compose/change-sets.ts';

const port = (number: number) => ({ kind: 'port', protocol: 'tcp', ip: '', port: number }) as const;
const volume = (name: string) => ({ kind: 'volume', name }) as const;
const side = (services: string[], ...claims: Ties['claims'][number][]): Ties => ({ services, claims, dependsOn: [] });
const onDb = (services: string[]): Ties => ({ ...side(services), dependsOn: ['db'] });
const app = (name: string, before?: Ties, after?: Ties): ChangingApp => ({ name, before, after });

test('apps that have nothing to do with each other begin apart', () => {
  const apps = [
    app('a', side(['web'], port(80)), side(['web'], port(80))),
    app('b', side(['web'], port(81)), side(['web'], port(81))),
  ];
  expect(changeSets(apps)).toEqual([['a'], ['b']]);
});

test('a port, a volume or a service that moves ties two apps together', () => {
  expect(
    changeSets([app('a', side(['web'], port(80)), side(['web'])), app('b', undefined, side(['other'], port(80)))]),
  ).toEqual([['a', 'b']]);
  expect(
    changeSets([app('a', side([], volume('data')), side([])), app('b', side([]), side([], volume('data')))]),
  ).toEqual([['a', 'b']]);
  expect(changeSets([app('a', side(['web', 'db']), side(['web'])), app('b', side([]), side(['db']))])).toEqual([
    ['a', 'b'],
  ]);
});

test('ties go on from app to app, and an app that is removed is tied to the one that takes its port', () => {
  const apps = [
    app('a', side([], port(1)), side([], port(2))),
    app('b', side([], port(2)), side([], port(3))),
    app('c', side([], port(3)), undefined),
    app('d', side([]), side([], port(9))),
  ];
  expect(changeSets(apps)).toEqual([['a', 'b', 'c'], ['d']]);
});

test('an app is tied to the one that it depends on now, or did when it is removed, if that one changes too', () => {
  const [old, next] = [side(['db'], port(1)), side(['db'], port(2))];
  expect(changeSets([app('db', old, next), app('pos', side(['till']), onDb(['till']))])).toEqual([['db', 'pos']]);
  expect(changeSets([app('db', old, undefined), app('pos', onDb(['till']), undefined)])).toEqual([['db', 'pos']]);
  expect(changeSets([app('db', old, undefined), app('pos', onDb(['till']), side(['till']))])).toEqual([['db', 'pos']]);
  expect(changeSets([app('db', old, next), app('pos', onDb(['till']), side(['till']))])).toEqual([['db'], ['pos']]);
  expect(changeSets([app('web', old, next), app('pos', side(['till']), onDb(['till']))])).toEqual([['web'], ['pos']]);
});
