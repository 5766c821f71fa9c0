/*
 * All SQL of a state in SQLite. Times are ISO 8601 in UTC, or milliseconds since 1970 where JSON has them so.
 */

/** Of `pragma user_version`. Another one is refused: a newer reelstate wrote it. */
export const FORMAT = 1;
/** Of `pragma application_id`: "Reel". */
export const APPLICATION = 0x5265656c;

/** What a recording's head says stands apart from what is known of it: heads are all read at once, and are small. */
export const SCHEMA = `
create table meta (name text primary key, value text not null) strict;
create table recording (
  id integer primary key,
  key text not null unique,
  name text not null,
  file text not null,
  target text,
  account text,
  digest text not null,
  has_credentials integer not null
) strict;
create table known (id integer primary key, recording text not null) strict;
create table call (
  seq integer primary key,
  at text not null,
  key text not null,
  name text not null,
  file text not null,
  sid text not null,
  endpoint text not null,
  reason text not null,
  origin text,
  answered_at text,
  outcome text,
  status integer,
  message text
) strict;
create index call_name on call (name);
create table orphaned (key text primary key, calls text not null) strict;
pragma application_id = ${APPLICATION};
pragma user_version = ${FORMAT};
`;

export const META = 'select name, value from meta';
export const META_NAMED = 'select value from meta where name = ?';
export const SET_META =
  'insert into meta values (?, ?) on conflict (name) do update set value = excluded.value';
export const DELETE_META = 'delete from meta where name = ?';

export const HEADS =
  'select id, key, name, file, target, account, digest, has_credentials from recording order by id';
export const RECORDING = 'select recording from known where id = ?';
export const SET_HEAD = `
insert into recording (id, key, name, file, digest, has_credentials) values (?, ?, ?, ?, ?, ?)
on conflict (id) do update set name = excluded.name, file = excluded.file, digest = excluded.digest,
  has_credentials = excluded.has_credentials`;
export const SET_RECORDING =
  'insert into known values (?, ?) on conflict (id) do update set recording = excluded.recording';
export const BIND = 'update recording set target = ?, account = ? where id = ?';
export const DELETE_HEAD = 'delete from recording where id = ?';
export const DELETE_RECORDING = 'delete from known where id = ?';

export const ORPHANED = 'select key, calls from orphaned';
export const SET_ORPHANED =
  'insert into orphaned values (?, ?) on conflict (key) do update set calls = excluded.calls';
export const DELETE_ORPHANED = 'delete from orphaned where key = ?';

const CALL = 'seq, at, key, name, file, sid, endpoint, reason, origin, answered_at, outcome, status, message';
export const ADD_CALL = `insert into call (${CALL}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const ANSWER_CALL =
  'update call set answered_at = ?, outcome = ?, status = ?, message = ? where seq = ?';
export const DELETE_CALL = 'delete from call where seq = ?';
/** The last calls, for the allowance: the newest first. */
export const LAST_CALLS = 'select seq, key, at, answered_at from call order by seq desc limit ?';
export const CALLS = `select ${CALL} from call order by seq desc limit ?`;
export const CALLS_NAMED = `select ${CALL} from call where name in (select value from json_each(?)) order by seq desc limit ?`;
export const CALLS_IN_ORDER = `select ${CALL} from call order by seq`;
export const COUNT = 'select count(*) from call';
export const COUNT_NAMED = 'select count(*) from call where name in (select value from json_each(?))';
export const CALLED_NAMES = 'select distinct name from call';
/** The oldest so many, as far as they are older than a time: the table is not gone through. */
export const PRUNE = 'delete from call where seq in (select seq from call order by seq limit ?) and at < ?';
