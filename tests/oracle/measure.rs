//! One case on one server: what a statement locks, writes anew, builds and
//! reads, and whether it runs in a transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use bowline::effect::LockMode;
use bowline::source::Span;
use bowline::statement::split::{SplitOptions, split};
use postgres::{Client, SimpleQueryMessage};
use strum::IntoEnumIterator;

use crate::measured::Row;
use crate::server::Server;

/// Success or error, locks, rewrites, index rebuilds, scans.
pub type Cells = [String; 5];

/// The database's name, which some statements have to name.
const DATABASE: &str = "truth";

/// What the cases take for granted: roles and a tablespace.
fn furnish(server: &Server) {
    let mut client = server.connect("postgres");
    let tablespace = server.folder("tablespace").display().to_string();
    for statement in [
        "CREATE ROLE app_owner",
        "CREATE ROLE app_reader",
        &format!("CREATE TABLESPACE ts1 LOCATION '{tablespace}'"),
    ] {
        client.simple_query(statement).unwrap();
    }
}

/// A server, and the setup that its database stands at.
pub struct Bench {
    server: Server,
    /// None where a case may have left something behind.
    stands_at: Option<String>,
}

impl Bench {
    pub fn new(server: Server) -> Self {
        furnish(&server);
        Self {
            server,
            stands_at: None,
        }
    }

    /// Forgets where the database stands: the next case gets one of its own. A
    /// case that is rolled back still moves sequences on.
    pub fn forget(&mut self) {
        self.stands_at = None;
    }

    /// Measures a case in a database that holds its setup and nothing else.
    pub fn measure(&mut self, row: &Row, setup: &str) -> Cells {
        let server = &self.server;
        if self.stands_at.as_deref() != Some(setup) {
            self.stands_at = None;
            renew(server);
            if prepare(server, setup).is_err() {
                return error_alone("not measured".to_owned());
            }
        }
        self.stands_at = None;
        if row.one_string {
            let error = server.connect(DATABASE).simple_query(&row.statement).err();
            return error_alone(success(error));
        }
        let inside = in_transaction(server, row);
        if inside[0].starts_with("error 25001") {
            return out_of_transaction(server, row, setup, inside);
        }
        self.stands_at = Some(setup.to_owned());
        inside
    }
}

fn error_alone(text: String) -> Cells {
    let mut cells = unknown();
    cells[0] = text;
    cells
}

/// A case that a transaction refuses.
fn out_of_transaction(server: &Server, row: &Row, setup: &str, inside: Cells) -> Cells {
    let mut seen = alone(server, row);
    for (oid, mode) in requested_first(server, row, setup, &seen.before).0 {
        seen.locks.add(oid, mode);
    }
    let mut cells = seen.cells();
    cells[0].clone_from(&inside[0]);
    cells
}

fn unknown() -> Cells {
    std::array::from_fn(|_| "-".to_owned())
}

fn renew(server: &Server) {
    let mut client = server.connect("postgres");
    let mut list = |query: &str| values::<1>(&client.simple_query(query).unwrap());
    let prepared = list("SELECT gid FROM pg_prepared_xacts");
    let subscriptions = list("SELECT subname FROM pg_subscription");
    let tablespaces = list("SELECT spcname FROM pg_tablespace WHERE spcname = 'ts1'");
    if tablespaces.is_empty() {
        // A case has dropped it.
        let folder = server.path("tablespace").display().to_string();
        let order = format!("CREATE TABLESPACE ts1 LOCATION '{folder}'");
        client.simple_query(&order).unwrap();
    }
    for [name] in &prepared {
        let order = format!("ROLLBACK PREPARED '{name}'");
        server.connect(DATABASE).simple_query(&order).unwrap();
    }
    for [name] in &subscriptions {
        let mut inside = server.connect(DATABASE);
        for order in [
            format!("ALTER SUBSCRIPTION {name} DISABLE"),
            format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
            format!("DROP SUBSCRIPTION {name}"),
        ] {
            inside.simple_query(&order).unwrap();
        }
    }
    for order in [
        format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"),
        format!("CREATE DATABASE {DATABASE}"),
        "DROP DATABASE IF EXISTS zzz9".to_owned(),
        "DROP ROLE IF EXISTS zzz".to_owned(),
    ] {
        client.simple_query(&order).unwrap();
    }
}

fn prepare(server: &Server, setup: &str) -> Result<(), postgres::Error> {
    let mut client = server.connect(DATABASE);
    for statement in statements(setup) {
        client.simple_query(statement)?;
    }
    client.simple_query("ANALYZE")?;
    Ok(())
}

fn statements(text: &str) -> Vec<&str> {
    let whole = Span::new(0, text.len() as u32);
    let raw = split(text, whole, SplitOptions::default()).statements;
    raw.iter()
        .map(|statement| statement.span.of(text))
        .collect()
}

fn success(error: Option<postgres::Error>) -> String {
    error.map_or("ok".to_owned(), |error| success_text(&error))
}

/// `error 42P01: …`
pub fn success_text(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("error {}: {}", error.code().code(), error.message()),
        None => format!("error: {error}"),
    }
}

/// The cells of rows without the column heads.
pub fn values<const N: usize>(messages: &[SimpleQueryMessage]) -> Vec<[String; N]> {
    messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(std::array::from_fn(|n| {
                row.get(n).unwrap_or_default().to_owned()
            })),
            _ => None,
        })
        .collect()
}

#[derive(Clone)]
struct Relation {
    name: String,
    kind: String,
    file: String,
    table: String,
    rows: f64,
    pages: i64,
    bytes: i64,
}

/// The relations by oid, but for catalogs and TOAST.
type Relations = BTreeMap<String, Relation>;

const RELATIONS: &str = "
SELECT c.oid, CASE WHEN n.nspname = 'public' THEN ''
                   WHEN n.oid = pg_my_temp_schema() THEN 'pg_temp.'
                   ELSE n.nspname || '.' END || c.relname,
       c.relkind, coalesce(pg_relation_filenode(c.oid), 0), coalesce(i.indrelid, 0),
       c.reltuples, c.relpages,
       CASE WHEN c.relkind IN ('r', 'm', 't', 'i', 'S') THEN pg_relation_size(c.oid) ELSE 0 END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_toast_temp'
  AND c.relkind IN ('r', 'p', 'm', 'i', 'I', 'S', 'v', 'f')";

fn relations(client: &mut Client) -> Relations {
    values(&client.simple_query(RELATIONS).unwrap())
        .into_iter()
        .map(|[oid, name, kind, file, table, rows, pages, bytes]| {
            let relation = Relation {
                name,
                kind,
                file,
                table,
                rows: rows.parse().unwrap(),
                pages: pages.parse().unwrap(),
                bytes: bytes.parse().unwrap(),
            };
            (oid, relation)
        })
        .collect()
}

/// What was done with a table: scans, their rows, rows by index, blocks, new
/// rows.
type Reads = BTreeMap<String, [i64; 5]>;

fn reads(client: &mut Client, of: &Relations, within: &str) -> Reads {
    let tables = of
        .iter()
        .filter(|(_, r)| matches!(r.kind.as_str(), "r" | "m" | "p" | "f"));
    let oids: Vec<&str> = tables.map(|(oid, _)| oid.as_str()).collect();
    let query = format!(
        "SELECT t.oid, pg_stat_get{within}_numscans(t.oid), pg_stat_get{within}_tuples_returned(t.oid),
                pg_stat_get{within}_tuples_fetched(t.oid)
                  + coalesce((SELECT sum(pg_stat_get{within}_tuples_fetched(i.indexrelid))
                              FROM pg_index i WHERE i.indrelid = t.oid), 0),
                pg_stat_get{within}_blocks_fetched(t.oid), pg_stat_get{within}_tuples_inserted(t.oid)
         FROM unnest('{{{}}}'::oid[]) AS t(oid)",
        oids.join(",")
    );
    values(&client.simple_query(&query).unwrap())
        .into_iter()
        .map(|[oid, counts @ ..]: [String; 6]| {
            let number = |text: String| text.parse().unwrap_or(0);
            (oid, counts.map(number))
        })
        .collect()
}

/// The strongest mode by relation's oid.
#[derive(Default)]
struct Locks(BTreeMap<String, LockMode>);

impl Locks {
    fn add(&mut self, oid: String, mode: LockMode) {
        let known = self.0.entry(oid).or_insert(mode);
        *known = mode.max(*known);
    }
}

/// Looks at what a backend holds in the database, catalogs included. Asks
/// functions rather than views: those would need catalogs that may be locked.
fn read_locks(client: &mut Client, of: &str, database: &str, into: &mut Locks) {
    let query = format!(
        "SELECT relation, mode FROM pg_lock_status()
         WHERE locktype = 'relation' AND pid = {of} AND granted AND database = {database}"
    );
    for [oid, mode] in values(&client.simple_query(&query).unwrap()) {
        if let Some(mode) = LockMode::iter().find(|known| known.pg_name() == mode) {
            into.add(oid, mode);
        }
    }
}

/// One value of one row.
fn value(client: &mut Client, query: &str) -> String {
    let [value] = values(&client.simple_query(query).unwrap()).remove(0);
    value
}

const OWN_DATABASE: &str = "SELECT oid FROM pg_database WHERE datname = current_database()";

fn in_transaction(server: &Server, row: &Row) -> Cells {
    let mut client = server.connect(DATABASE);
    client.simple_query("BEGIN").unwrap();
    for statement in statements(&row.before) {
        client.simple_query(statement).unwrap();
    }
    let before = relations(&mut client);
    let read_before = reads(&mut client, &before, "_xact");
    if let Err(error) = client.simple_query(&row.statement) {
        let mut cells = unknown();
        cells[0] = success_text(&error);
        return cells;
    }
    let mut locks = Locks::default();
    let database = value(&mut client, OWN_DATABASE);
    read_locks(&mut client, "pg_backend_pid()", &database, &mut locks);
    let read_after = reads(&mut client, &before, "_xact");
    let after = relations(&mut client);
    Seen {
        before,
        after,
        locks,
        read_before,
        read_after,
    }
    .cells()
}

/// A statement that refuses to run in a transaction. Each of the transactions
/// that it makes stops at its commit, and is looked at there; one that only
/// vacuums commits nothing, and is made to rest while it works.
fn alone(server: &Server, row: &Row) -> Seen {
    let mut inside = server.connect(DATABASE);
    let before = relations(&mut inside);
    if server.version() < COUNTS_AT_ONCE {
        // What the setup read is still being counted.
        thread::sleep(Duration::from_millis(700));
        inside
            .simple_query("SELECT pg_stat_clear_snapshot()")
            .unwrap();
    }
    let read_before = reads(&mut inside, &before, "");
    let (mut worker, mut watcher) = worker(server);
    let (done, ended) = channel();
    thread::scope(|scope| {
        let statement = &row.statement;
        scope.spawn(move || {
            // That it may fail is seen by what it leaves behind.
            let _ = worker.simple_query(statement);
            let _ = done.send(());
        });
        while ended.recv_timeout(Duration::from_millis(1)).is_err() {
            watcher.look();
        }
    });
    watcher.wait_for_the_end(server);
    inside
        .simple_query("SELECT pg_stat_clear_snapshot()")
        .unwrap();
    let read_after = reads(&mut inside, &before, "");
    let after = relations(&mut inside);
    let locks = watcher.locks;
    Seen {
        before,
        after,
        locks,
        read_before,
        read_after,
    }
}

/// What a statement asks of each table that somebody else has locked: a
/// transaction that writes nothing is over too soon to be looked at.
fn requested_first(server: &Server, row: &Row, setup: &str, before: &Relations) -> Locks {
    let mut asked = Locks::default();
    let names: Vec<&str> = before
        .values()
        .filter(|relation| matches!(relation.kind.as_str(), "r" | "p"))
        .map(|relation| relation.name.as_str())
        .collect();
    for name in names {
        let Some((oid, _)) = before.iter().find(|(_, relation)| relation.name == name) else {
            continue;
        };
        let mut first = asked_of(server, row, setup, name, "ACCESS EXCLUSIVE");
        if first == Some(LockMode::AccessShare) {
            // It found the table; what does it ask for then?
            first = asked_of(server, row, setup, name, "EXCLUSIVE").or(first);
        }
        if let Some(mode) = first {
            asked.add(oid.clone(), mode);
        }
    }
    asked
}

/// What a statement waits for while somebody else holds a lock on a table.
fn asked_of(server: &Server, row: &Row, setup: &str, table: &str, held: &str) -> Option<LockMode> {
    renew(server);
    prepare(server, setup).unwrap();
    let (mut worker, mut watcher) = worker(server);
    let mut other = server.connect(DATABASE);
    other.simple_query("BEGIN").unwrap();
    let lock = format!("LOCK TABLE ONLY {table} IN {held} MODE");
    other.simple_query(&lock).unwrap();
    let (done, ended) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let _ = worker.simple_query(&row.statement);
            let _ = done.send(());
        });
        loop {
            if ended.recv_timeout(Duration::from_millis(1)).is_ok() {
                return None;
            }
            watcher.release();
            if let Some(mode) = watcher.waits_for() {
                watcher.cancel();
                return Some(mode);
            }
        }
    })
}

/// A session whose commits wait, and somebody who looks at it.
fn worker(server: &Server) -> (Client, Watcher) {
    let mut worker = server.connect(DATABASE);
    let watcher = Watcher {
        client: server.connect("postgres"),
        pid: value(&mut worker, "SELECT pg_backend_pid()"),
        database: value(&mut worker, OWN_DATABASE),
        locks: Locks::default(),
        released: BTreeSet::new(),
    };
    for order in [
        "SET synchronous_commit = on",
        "SET vacuum_cost_delay = '4ms'",
        "SET vacuum_cost_limit = 20",
    ] {
        worker.simple_query(order).unwrap();
    }
    (worker, watcher)
}

/// Older servers have a process of its own that collects what was read.
const COUNTS_AT_ONCE: u8 = 15;

/// Looks at a backend from another database, where nothing is locked.
struct Watcher {
    client: Client,
    pid: String,
    database: String,
    locks: Locks,
    /// The transactions that were let go on.
    released: BTreeSet<String>,
}

impl Watcher {
    fn look(&mut self) {
        self.read();
        self.release();
    }

    fn read(&mut self) {
        read_locks(&mut self.client, &self.pid, &self.database, &mut self.locks);
    }

    /// Lets a commit go on that waits, once it was looked at.
    fn release(&mut self) {
        let pid = &self.pid;
        let waiting = format!(
            "SELECT virtualtransaction FROM pg_lock_status()
             WHERE pid = {pid} AND locktype = 'virtualxid' AND granted
             AND (SELECT wait_event FROM pg_stat_get_activity({pid})) = 'SyncRep'"
        );
        for [transaction] in values(&self.client.simple_query(&waiting).unwrap()) {
            if self.released.insert(transaction) {
                self.read();
                self.cancel();
            }
        }
    }

    /// The mode of a lock on a relation that it does not get.
    fn waits_for(&mut self) -> Option<LockMode> {
        let query = format!(
            "SELECT mode FROM pg_lock_status()
             WHERE pid = {} AND locktype = 'relation' AND NOT granted",
            self.pid
        );
        let rows = values(&self.client.simple_query(&query).unwrap());
        let [mode] = rows.first()?;
        LockMode::iter().find(|known| known.pg_name() == mode)
    }

    fn cancel(&mut self) {
        let cancel = format!("SELECT pg_cancel_backend({})", self.pid);
        self.client.simple_query(&cancel).unwrap();
    }

    /// A session tells what it read when it is gone; old servers collect it
    /// some time later.
    fn wait_for_the_end(&mut self, server: &Server) {
        let query = format!("SELECT pid FROM pg_stat_get_activity({})", self.pid);
        while !values::<1>(&self.client.simple_query(&query).unwrap()).is_empty() {
            thread::sleep(Duration::from_millis(2));
        }
        if server.version() < COUNTS_AT_ONCE {
            thread::sleep(Duration::from_millis(700));
        }
    }
}

/// All that was seen of a statement.
struct Seen {
    before: Relations,
    after: Relations,
    locks: Locks,
    read_before: Reads,
    read_after: Reads,
}

impl Seen {
    fn cells(&self) -> Cells {
        [
            "ok".to_owned(),
            self.locks(),
            self.rewrites(),
            self.index_rebuilds(),
            self.scans(),
        ]
    }

    fn locks(&self) -> String {
        let named = self.locks.0.iter().filter_map(|(oid, mode)| {
            let old = self.before.get(oid).map(|r| r.name.clone());
            let name = old.or_else(|| Some(format!("+{}", self.after.get(oid)?.name)))?;
            Some(format!("{name}={}", mode.pg_name()))
        });
        joined(named.collect())
    }

    /// The new file of TRUNCATE is empty.
    fn is_emptied(&self, oid: &str) -> bool {
        let new = self.after.get(oid);
        let old = self.before.get(oid);
        new.zip(old)
            .is_some_and(|(new, old)| new.file != old.file && new.bytes == 0 && old.bytes > 0)
    }

    fn rewrites(&self) -> String {
        let is_written = |oid: &str, old: &Relation| {
            let new = self.after.get(oid);
            matches!(old.kind.as_str(), "r" | "m")
                && new.is_some_and(|new| new.file != old.file)
                && !self.is_emptied(oid)
        };
        let names = self.before.iter().filter(|(oid, old)| is_written(oid, old));
        joined(names.map(|(_, old)| old.name.clone()).collect())
    }

    fn index_rebuilds(&self) -> String {
        let old: BTreeMap<&str, &Relation> =
            self.before.values().map(|r| (r.name.as_str(), r)).collect();
        let files: BTreeSet<&str> = self.before.values().map(|r| r.file.as_str()).collect();
        let built = self.after.values().filter(|new| {
            new.kind == "i" && !files.contains(new.file.as_str()) && !self.is_emptied(&new.table)
        });
        let names = built.map(|new| match old.get(new.name.as_str()) {
            Some(_) => new.name.clone(),
            None => format!("+{}", new.name),
        });
        joined(names.collect())
    }

    fn scans(&self) -> String {
        let mut names = BTreeSet::new();
        for (oid, old) in &self.before {
            let [Some(before), Some(after)] =
                [&self.read_before, &self.read_after].map(|r| r.get(oid))
            else {
                continue;
            };
            let [scans, rows, fetched, blocks, new] = std::array::from_fn(|n| after[n] - before[n]);
            let all = old.rows.max(0.0) as i64;
            if scans > 0 && rows >= all && !(all == 0 && self.is_emptied(oid)) {
                names.insert(old.name.clone());
            } else if all > 0 && fetched >= all {
                names.insert(format!("{}(index)", old.name));
            } else if scans + rows + new == 0 && old.pages > 1 && blocks >= old.pages {
                names.insert(format!("{}(blocks)", old.name));
            }
        }
        joined(names)
    }
}

fn joined(names: BTreeSet<String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(";")
}
