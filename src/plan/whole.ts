import { desiredRequests, ENDPOINT_OF, RESETTABLE, SECTION_OF } from '../agora/requests.ts';
import { BLOCK_MODES } from '../agora/tables.ts';
import type { Call, CallReason, KnownEndpoint, KnownRecording } from '../model/plan.ts';
import type { BlockName, Blocks, ClientRequests, Endpoint, Identity } from '../model/recording.ts';
import { assumeUnchangedSecrets } from './comparable.ts';

/*
 * The whole desired state of each endpoint: which blocks are managed, and what is sent for them.
 */

export function everSent(known: KnownRecording | undefined): boolean {
  return known !== undefined && (wasSent(known.update) || wasSent(known.updateLayout));
}

function wasSent({ applied, unknown }: KnownEndpoint<ClientRequests[Endpoint]>): boolean {
  return applied !== undefined || unknown.length > 0;
}

/** Whether a block was ever applied, or may have been. */
function everHad(block: BlockName, known: KnownRecording | undefined): boolean {
  if (!known) return false;
  if (block === 'layout') return wasSent(known.updateLayout);
  const { applied, unknown } = known.update;
  return [applied, ...unknown].some((sent) => sent?.request[SECTION_OF[block]] !== undefined);
}

export function releasedBlocks(blocks: Blocks, known: KnownRecording | undefined): BlockName[] {
  return (['rtmp', 'storage'] as const).filter(
    (block) => blocks[block] === undefined && everHad(block, known),
  );
}

/** A block is managed from the moment it is in the file; taken out again, it stays managed, at its default. */
function managedBlocks(
  { mode }: Identity,
  blocks: Blocks,
  known: KnownRecording | undefined,
): Set<BlockName> {
  return new Set(
    (Object.keys(ENDPOINT_OF) as BlockName[]).filter(
      (block) =>
        blocks[block] !== undefined ||
        (RESETTABLE.includes(block) && BLOCK_MODES[block].includes(mode) && everHad(block, known)),
    ),
  );
}

export function wholeRequests(
  identity: Identity,
  blocks: Blocks,
  known: KnownRecording | undefined,
): Partial<ClientRequests> {
  const { update, updateLayout } = desiredRequests(identity, blocks, managedBlocks(identity, blocks, known));
  // Field by field, as in the plan: of an object that begins with a copy each has a hidden class of its own.
  const whole: Partial<ClientRequests> = {};
  if (update) whole.update = assumeUnchangedSecrets(update, known?.update.applied?.request);
  if (updateLayout) whole.updateLayout = updateLayout;
  return whole;
}

/** A call that sends the whole desired state of an endpoint, whatever is known; undefined where nothing is managed there. */
export function wholeCall(
  endpoint: Endpoint,
  { update, updateLayout }: Partial<ClientRequests>,
  reason: CallReason,
): Call | undefined {
  const call = { reason, changes: [] };
  if (endpoint === 'update') return update && { endpoint, request: update, ...call };
  return updateLayout && { endpoint, request: updateLayout, ...call };
}
