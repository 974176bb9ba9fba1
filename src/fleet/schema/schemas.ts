import agentSchema from '../../../schemas/agent.schema.json' with { type: 'json' };
import applicationSchema from '../../../schemas/application.schema.json' with { type: 'json' };
import factsSchema from '../../../schemas/facts.schema.json' with { type: 'json' };
import fleetSchema from '../../../schemas/fleet.schema.json' with { type: 'json' };
import observationSchema from '../../../schemas/observation.schema.json' with { type: 'json' };
import policySchema from '../../../schemas/policy.schema.json' with { type: 'json' };
import siteSchema from '../../../schemas/site.schema.json' with { type: 'json' };
import trustSchema from '../../../schemas/trust.schema.json' with { type: 'json' };

/** The schemas that documents are checked against. Editors use the same files. */
export const SCHEMAS = {
  Fleet: fleetSchema,
  Site: siteSchema,
  Application: applicationSchema,
  Trust: trustSchema,
  Policy: policySchema,
  Observation: observationSchema,
  Facts: factsSchema,
  agent: agentSchema,
};

/** The documents of the fleet layer, `trust.yaml`, a site's policy, the observation and the facts of a site, and the agent's settings file. */
export type Kind = keyof typeof SCHEMAS;
