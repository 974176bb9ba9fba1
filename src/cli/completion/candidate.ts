/** A word that may come next, and what it means. */
export interface Candidate {
  word: string;
  help?: string | undefined;
}

/** The words that may come next; `files`: the shell completes a path. */
export type Candidates = readonly Candidate[] | 'files';
