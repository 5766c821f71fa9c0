/*
 * All SQL of a state in PostgreSQL. Every statement stands by itself, in one round trip: a pooler in transaction mode
 * may give each to another session, so there are no named statements, no settings and no locks of a session.
 *
 * No statement waits for a row that another one holds. What writes under a lease holds its row with FOR KEY SHARE, which
 * a renewal (no key is changed) does not conflict with and a takeover (FOR UPDATE) does: so a lease changes hands
 * between two writes of its holder, and what is written under an older token is written nowhere. Times are asked for in
 * the statement behind the lock. JSON is kept as the text that it was written as.
 */

/** What `meta` calls the version of the tables; a higher one was made by a newer reelstate. */
export const FORMAT = 1;

/** Of the advisory lock under which the tables are made, for the length of one transaction: "Reel". */
const MAKING = 0x5265656c;

/** Each makes the tables of the next version, in one transaction. */
export const MIGRATIONS: readonly string[] = [
  `
create schema if not exists reelstate;
create table if not exists reelstate.meta (name text primary key, value text not null);
create sequence if not exists reelstate.number;
create table if not exists reelstate.recording (
  key text primary key,
  target text,
  account text,
  known text not null
);
create table if not exists reelstate.orphaned (key text primary key, account text, calls text not null);
create table if not exists reelstate.call (
  seq bigint primary key,
  at timestamptz not null,
  key text not null,
  name text not null,
  file text not null,
  sid text not null,
  endpoint text not null,
  reason text not null,
  origin text,
  answered_at timestamptz,
  outcome text,
  status integer,
  message text
);
create index if not exists call_name on reelstate.call (name);
create index if not exists call_at on reelstate.call (at);
create table if not exists reelstate.lease (
  account text primary key,
  holder text,
  about text,
  token bigint not null default 0,
  since timestamptz not null default 'epoch',
  expires_at timestamptz not null default 'epoch'
);
create table if not exists reelstate.member (id text primary key, alive_until timestamptz not null);
create table if not exists reelstate.place (
  account text,
  slot integer,
  number bigint,
  free_at timestamptz not null default 'epoch',
  primary key (account, slot)
);`,
];

/** @param from the version that is there; 0: none @param meta what a new state says of itself, as literals of SQL */
export function migration(from: number, meta: readonly (readonly [name: string, value: string])[]): string {
  const rows = meta.map(([name, value]) => `(${name}, ${value})`).join(', ');
  return `
begin;
select pg_advisory_xact_lock(${MAKING});
${MIGRATIONS.slice(from).join('\n')}
insert into reelstate.meta
select * from (values ${rows}) as row (name, value) where not exists (select from reelstate.meta);
update reelstate.meta set value = '${FORMAT}' where name = 'format';
commit;`;
}

export const META = 'select name, value from reelstate.meta';

/** Recordings of one account and those of none; all where no account is named. */
export const RECORDINGS = `
select key, known::json ->> 'name' as name, known::json ->> 'file' as file, target, account, known
from reelstate.recording
where $1::text is null or account = $1 or account is null order by key`;
export const ORPHANED = `
select key, account, calls from reelstate.orphaned where $1::text is null or account = $1 or account is null`;
export const NUMBER = 'select last_value from reelstate.number';
export const NUMBERS = "select nextval('reelstate.number') as number from generate_series(1, $1::integer)";

/** $1: accounts. Rows are made in the order of their names, so that two processes don't wait for each other. */
export const MAKE_LEASES = `
insert into reelstate.lease (account) select unnest($1::text[]) order by 1 on conflict do nothing`;

/** $1: accounts, $2: how many at most, $3: this process, $4: what it says of itself, $5: milliseconds. */
export const TAKE = `
with expired as materialized (
  select account from reelstate.lease
  where account = any ($1) and expires_at <= clock_timestamp()
  order by expires_at limit $2 for update skip locked
)
update reelstate.lease set holder = $3, about = $4, token = lease.token + 1, since = clock_timestamp(),
  expires_at = clock_timestamp() + $5 * interval '1 millisecond'
from expired where lease.account = expired.account
returning lease.account, lease.token`;

/** $1: accounts, $2: their tokens, $3: milliseconds. */
export const RENEW = `
with mine as materialized (
  select lease.account from reelstate.lease
  join unnest($1::text[], $2::bigint[]) as held (account, token) using (account, token)
  where expires_at > clock_timestamp() for no key update of lease skip locked
)
update reelstate.lease set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
from mine where lease.account = mine.account
returning lease.account`;

/** $1: account, $2: token. */
export const RELEASE = `
with mine as materialized (
  select account from reelstate.lease where account = $1 and token = $2 for no key update skip locked
)
update reelstate.lease set expires_at = 'epoch', holder = null, about = null
from mine where lease.account = mine.account`;

/** Ends leases: the token goes on, so that nothing more is written under them. $1: accounts. */
export const END = `
with ended as materialized (
  select account from reelstate.lease where account = any ($1) for update skip locked
)
update reelstate.lease set token = lease.token + 1, expires_at = 'epoch', holder = null, about = null
from ended where lease.account = ended.account returning lease.account`;

/** $1: accounts; null: all. How long each lease goes on is negative where it is over. */
export const LEASES = `
select account, holder, about, token, since,
  extract(epoch from expires_at - clock_timestamp())::float8 * 1000 as left_ms
from reelstate.lease where $1::text[] is null or account = any ($1) order by account`;

/** $1: this process, $2: milliseconds. @returns how many processes are alive */
export const STAY = `
with gone as materialized (
  select id from reelstate.member where alive_until < clock_timestamp() - interval '1 minute' for update skip locked
), buried as (
  delete from reelstate.member using gone where member.id = gone.id
), mine as (
  insert into reelstate.member values ($1, clock_timestamp() + $2 * interval '1 millisecond')
  on conflict (id) do update set alive_until = excluded.alive_until
)
select 1 + count(*) as alive from reelstate.member where alive_until > clock_timestamp() and id <> $1`;

export const LEAVE = 'delete from reelstate.member where id = $1';

/** $1: whose allowance, $2: places. */
export const MAKE_PLACES = `
insert into reelstate.place (account, slot) select $1, generate_series(1, $2::integer) on conflict do nothing`;

const CALL_COLUMNS =
  'seq, at, key, name, file, sid, endpoint, reason, origin, answered_at, outcome, status, message';

/** The holder's lease, for as long as the statement takes. $1: account, $2: token. */
const held = (condition = '') => `
held as materialized (
  select account from reelstate.lease where account = $1 and token = $2::bigint ${condition}
  for key share skip locked
)`;
const ALIVE = 'and expires_at > clock_timestamp()';

/**
 * What changes of one recording: $3: key, $4: target, $5: account, $6: what is known, null: nothing any more, $7: its
 * orphaned calls, null: none.
 * @param from what has a row where it is to change
 */
const change = (from: string) => `
recorded as (
  insert into reelstate.recording (key, target, account, known)
  select $3, $4, $5, $6 from ${from} where $6::text is not null
  on conflict (key) do update set target = excluded.target, account = excluded.account, known = excluded.known
), removed as (
  delete from reelstate.recording using ${from} where key = $3 and $6::text is null
), orphaned as (
  insert into reelstate.orphaned (key, account, calls) select $3, $5, $7 from ${from} where $7::text is not null
  on conflict (key) do update set account = coalesce(excluded.account, orphaned.account), calls = excluded.calls
), cleared as (
  delete from reelstate.orphaned using ${from} where key = $3 and $7::text is null
)`;

/** $8: number, $9: at, $10 to $15: name, file, sid, endpoint, reason, origin. */
const intended = (from: string) => `
intended as (
  insert into reelstate.call (seq, at, key, name, file, sid, endpoint, reason, origin)
  select $8::bigint, $9::timestamptz, $3, $10, $11, $12, $13, $14, $15 from ${from}
  on conflict do nothing
)`;

interface PlaceParameters {
  number: string;
  /** Milliseconds until the place is free again, unless an answer comes first. */
  hold: string;
  /** Whose allowance it is. */
  of: string;
  /** How many places that has. */
  places: string;
}

/** One free place is taken; where none is, the statement says how long until one is, in milliseconds. */
const taken = ({ number, hold, of, places }: PlaceParameters) => `
free as materialized (
  select place.account, slot from reelstate.place, held
  where place.account = ${of} and slot <= ${places}::integer and free_at <= clock_timestamp()
  order by free_at limit 1 for update of place skip locked
), taken as (
  update reelstate.place
  set number = ${number}::bigint, free_at = clock_timestamp() + ${hold} * interval '1 millisecond'
  from free where place.account = free.account and place.slot = free.slot
  returning place.slot
)`;
const told = ({ of, places }: PlaceParameters) => `
select (select count(*)::integer from held) as held, (select slot from taken) as slot,
  (select extract(epoch from min(free_at) - clock_timestamp())::float8 * 1000 from reelstate.place
    where account = ${of} and slot <= ${places}::integer) as wait`;

/**
 * The place of a request whose answer is there is free a second after that, because it had arrived by then.
 * $8: number, $9: milliseconds from now until it is free.
 */
const SETTLED = `
mine as materialized (
  select place.account, slot from reelstate.place, held
  where number = $8::bigint for update of place skip locked
), settled as (
  update reelstate.place
  set number = null, free_at = least(free_at, clock_timestamp() + $9 * interval '1 millisecond')
  from mine where place.account = mine.account and place.slot = mine.slot
)`;
const TOLD = 'select count(*)::integer as held from held';

/** A place and the intent of a call, or neither. Behind those of an intent, $16: hold, $17: allowance, $18: places. */
const OF_CALL = { number: '$8', hold: '$16', of: '$17', places: '$18' };
export const ADMIT_CALL = `
with ${held(ALIVE)}, ${taken(OF_CALL)}, ${change('taken')}, ${intended('taken')} ${told(OF_CALL)}`;

/** A place for a query. $1: account, $2: token, $3: number, $4: hold, $5: allowance, $6: places. */
const OF_QUERY = { number: '$3', hold: '$4', of: '$5', places: '$6' };
export const ADMIT_QUERY = `with ${held(ALIVE)}, ${taken(OF_QUERY)} ${told(OF_QUERY)}`;

/** An intent whose call never had a connection. */
export const INTEND = `with ${held()}, ${change('held')}, ${intended('held')} ${TOLD}`;

/** The answer to a call. $10: at, $11: outcome, $12: status, $13: message. */
export const ANSWER = `
with ${held()}, ${change('held')}, ${SETTLED}, answered as (
  update reelstate.call
  set answered_at = $10::timestamptz, outcome = $11, status = $12::integer, message = $13 from held
  where seq = $8::bigint
) ${TOLD}`;

/** A call that did not leave. */
export const WITHDRAW = `
with ${held()}, ${change('held')}, ${SETTLED}, withdrawn as (
  delete from reelstate.call using held where seq = $8::bigint
) ${TOLD}`;

/** What changes without a call. */
export const CHANGE = `with ${held()}, ${change('held')} ${TOLD}`;

/** The place of a query whose answer is there, or that did not leave. $1: number, $2: milliseconds from now until it is free. */
export const SETTLE = `
with mine as materialized (
  select account, slot from reelstate.place where number = $1::bigint for update skip locked
)
update reelstate.place
set number = null, free_at = least(free_at, clock_timestamp() + $2 * interval '1 millisecond')
from mine where place.account = mine.account and place.slot = mine.slot`;

export const CALLS = `
select ${CALL_COLUMNS} from reelstate.call where $1::text[] is null or name = any ($1)
order by seq desc limit $2`;
export const COUNT = 'select count(*) from reelstate.call where $1::text[] is null or name = any ($1)';
export const CALLS_IN_ORDER = `select ${CALL_COLUMNS} from reelstate.call order by seq`;
export const CALLED_NAMES = 'select distinct name from reelstate.call';
/** The oldest so many, as far as they are older than a time, so that no statement takes long. */
export const PRUNE = `
delete from reelstate.call where seq = any (array(
  select seq from reelstate.call where at < $1 order by at limit $2 for update skip locked))`;

export const DELETE_ORPHANED = 'delete from reelstate.orphaned where key = any ($1)';

/** All that is known, taken away. In a transaction with what follows. */
export const EMPTY = ['recording', 'orphaned', 'call'].map((table) => `delete from reelstate.${table}`);
export const SET_META =
  'insert into reelstate.meta values ($1, $2) on conflict (name) do update set value = excluded.value';
export const DELETE_META = 'delete from reelstate.meta where name = $1';
export const SET_NUMBER =
  "select setval('reelstate.number', greatest($1::bigint, last_value, 1)) from reelstate.number";
export const ADD_RECORDINGS = `
insert into reelstate.recording (key, target, account, known)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])`;
export const ADD_ORPHANED = `
insert into reelstate.orphaned (key, account, calls) select * from unnest($1::text[], $2::text[], $3::text[])`;
/** $1: an array of rows in JSON. */
export const ADD_CALLS = `
insert into reelstate.call (${CALL_COLUMNS})
select ${CALL_COLUMNS} from json_populate_recordset(null::reelstate.call, $1::json)`;
