import type { Commands } from './command.ts';

/** All commands, in the order of the help. */
export const COMMANDS: Commands = {
  apply: {
    summary: 'Change the containers of this machine until they are as the folder or repo says.',
    load: () => import('./commands/site/apply.ts'),
  },
  diff: {
    summary: 'Print the plan that `apply` would carry out on this machine. Changes nothing.',
    load: () => import('./commands/site/diff.ts'),
  },
  down: {
    summary: "Stop and remove the containers and networks of the site's apps. Volumes stay.",
    load: () => import('./commands/site/down.ts'),
  },
  validate: {
    summary: 'Check a config repo without an engine or a network: all of it, or what one --site reads.',
    load: () => import('./commands/fleet/validate.ts'),
  },
  render: {
    summary:
      'Print the containers, networks and volumes that a site should have, in the words of the Engine API or of Compose.',
    load: () => import('./commands/site/render.ts'),
  },
  sites: {
    summary: 'List the sites of a config repo, with their labels, apps and pins.',
    load: () => import('./commands/fleet/sites.ts'),
  },
  observe: {
    summary: 'Write down what runs on a site, without secrets, for `diff --fleet --actual`.',
    load: () => import('./commands/site/observe.ts'),
  },
  facts: {
    summary: 'Write down the facts of this machine and what it offers, for --facts on a laptop.',
    load: () => import('./commands/site/facts.ts'),
  },
  explain: {
    summary: 'Print which file and line gave each value of a service, and which others lost.',
    load: () => import('./commands/fleet/explain.ts'),
  },
  init: {
    summary:
      'Begin a config repo: a fleet that validates, with a site, an example app, a CI file and the settings of an editor.',
    load: () => import('./commands/fleet/init.ts'),
  },
  inventory: {
    summary: 'Write or update the Site files of a config repo from a table of sites. Edits by hand stay.',
    load: () => import('./commands/fleet/inventory.ts'),
  },
  keygen: {
    summary: 'Make an age key for a site or an app, and print the public part.',
    load: () => import('./commands/signing/keygen.ts'),
  },
  recipients: {
    summary:
      'Write the rules by which sops encrypts the files of each app for the sites that run it, and the keys of groups.',
    load: () => import('./commands/signing/recipients.ts'),
  },
  import: {
    summary:
      'Make an Application of a stack that runs with `docker compose`: copy its files into a config repo, and print what is left to do.',
    load: () => import('./commands/site/import.ts'),
  },
  schema: {
    summary: 'Print the JSON Schema of a kind of document, for editors and other programs.',
    load: () => import('./commands/fleet/schema.ts'),
  },
  verify: {
    summary: 'Print which commits of a Git repo a site would accept, and why it would refuse the others.',
    load: () => import('./commands/signing/verify.ts'),
  },
  beacon: {
    summary:
      'Sign a statement of the commit that a branch or tag is at now, so that sites notice a server that hides newer commits.',
    load: () => import('./commands/signing/beacon.ts'),
  },
  promote: {
    summary: 'Sign that a step of a rollout is open for the change of an app, so that sites in it begin the change.',
    load: () => import('./commands/signing/promote.ts'),
  },
  hold: {
    summary: 'Sign that the change of an app is held: a site that has not begun it does not begin it.',
    load: () => import('./commands/signing/hold.ts'),
  },
  push: {
    summary: 'Send branches and tags of a clone to a container registry, where sites follow them with --repo oci://….',
    load: () => import('./commands/signing/push.ts'),
  },
  completion: {
    summary: 'Print the script that completes commands, flags and names in a shell.',
    load: () => import('./commands/fleet/completion.ts'),
  },
  status: {
    summary: 'Ask the agent of this machine if the site is well, and if not, why.',
    load: () => import('./commands/site/status.ts'),
  },
  history: {
    summary:
      'Ask the agent of this machine what happened on the site: commits, changes of state, healed drift, failures.',
    load: () => import('./commands/site/history.ts'),
  },
  sync: {
    summary: 'Let the agent of this machine look at Git and the engine now, and try again at once what failed.',
    load: () => import('./commands/site/sync.ts'),
  },
  doctor: {
    summary: 'Check what the agent of this machine needs, and say what to do about each problem. Changes nothing.',
    load: () => import('./commands/site/doctor.ts'),
  },
  agent: {
    summary: 'Keep this site as its config repo says: poll, plan, apply, heal, prune. Runs until it is told to stop.',
    load: () => import('./commands/site/agent.ts'),
  },
};
