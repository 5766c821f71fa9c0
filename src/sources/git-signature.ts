/**
 * What tells why a signature is not accepted, the most telling first: a key or a signature out of date, a revoked key,
 * a signature of other bytes, a key that is not known. Words of gpg, gpgsm and ssh-keygen, and git's own.
 */
const SIGNATURE_WORDS = [
  /has expired/i,
  /expired/i,
  /revoked/i,
  /bad signature|incorrect signature|verification failed/i,
  /no public key|can't check|no principal matched|not certified|unknown/i,
  /^(error|fatal): /,
];

/** Why a commit's signature is not accepted, in the words of `git verify-commit`; none at all is told apart. */
export function signatureTrouble(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const telling = SIGNATURE_WORDS.map((words) => lines.find((line) => words.test(line))).find(Boolean);
  const why = telling ?? lines.at(-1);
  if (why === undefined) return 'it is not signed';
  return `its signature is not accepted: ${why.trim().replace(/^(error|fatal): /, '')}`;
}
