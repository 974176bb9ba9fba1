import { randomBytes } from 'node:crypto';
import type { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import type { Inspected, KeptSite } from '../../support/site/kept-site.ts';

export const stays = { image: IMAGE, command: ['stay'], restart: 'unless-stopped', stop_grace_period: '1s' };
export const one = (more: object = {}, top: object = {}): object => ({
  services: { web: { ...stays, ...more } },
  ...top,
});
/** A tag that this test alone has. */
export const REPOSITORY = `kept-${randomBytes(4).toString('hex')}`;
export const TAG = `${REPOSITORY}:1`;

/** Somebody did this, and Holdfast makes it good. */
export interface Row {
  row: string;
  compose: object;
  spec?: object;
  /** Uses a tag of its own. */
  tagged?: true;
  files?: Record<string, string>;
  /** Not where this is so. */
  except?: { [Engine in keyof typeof ENGINES]?: string };
  drift(site: KeptSite, by: Engine): Promise<unknown>;
  /** Checks the state afterwards; `before` is web as it was. */
  mended(site: KeptSite, before: Inspected): Promise<void>;
}

/** The engine by hand. */
export interface Engine {
  post(path: string, body?: object): Promise<string>;
  remove(path: string): Promise<string>;
}
