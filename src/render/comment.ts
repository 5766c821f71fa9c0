/** GitHub refuses comments of more characters ("Body is too long"); GitLab takes a million, Bitbucket 32,768. */
export const COMMENT_LIMIT = 65_536;

/** A shorter one has no room for what a comment must say in any case. */
export const SHORTEST_COMMENT = 1_000;
