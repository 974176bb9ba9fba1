import type { CommitGraph } from '../history/commit-graph.ts';
import type { Signers } from './signers.ts';
import type { Candidate, Evidence, Standing } from './verification.ts';

/** All that one verification works on. */
export interface Scope {
  graph: CommitGraph;
  signers: Signers;
  candidate: Candidate;
  standing: Standing;
  evidence: Evidence;
}
