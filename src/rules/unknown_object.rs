//! A table is changed that the history never created.

use crate::effect::Ground;
use crate::finding::Severity;
use crate::operation::{Action, Kind, ObjectName};
use crate::project::Layout;
use crate::rule::{Check, Findings, OperationContext, Rule, sql_key, subject};
use crate::schema::{Key, Origin};

pub const RULE: Rule = Rule {
    id: "unknown-object",
    page: include_str!("../../rules/unknown-object.md"),
    check: Check::Operation {
        on: &[
            Kind::AddColumn,
            Kind::DropColumn,
            Kind::AlterColumnType,
            Kind::SetDefault,
            Kind::DropDefault,
            Kind::SetNotNull,
            Kind::DropNotNull,
            Kind::AddConstraint,
            Kind::DropConstraint,
            Kind::ValidateConstraint,
            Kind::RenameColumn,
            Kind::CreateIndex,
            Kind::CreateTrigger,
            Kind::CreatePolicy,
            Kind::RowSecurity,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(name) = subject(&cx.operation.action) else {
        return;
    };
    let key = cx.schema.resolve(name);
    let is_first = cx.schema.relation_by_key(&key).is_none() && is_first_of_statement(cx);
    let asks = cx.operation.within.conditional || asks_first(&cx.operation.action);
    if is_first
        && !asks
        && !name.template
        && !is_foreign(&key)
        && !history_tables(cx.scene.layout).contains(&key.name.as_str())
        && cx.schema.was_dropped(&key).is_none()
        && !is_elsewhere(cx, name)
        && (!is_refused(cx) || in_capitals(cx, &key).is_some())
        && is_whole(cx)
    {
        report(cx, findings, name);
    }
}

/// The table that was meant, where its name is written in capitals and has to be
/// quoted.
fn in_capitals(cx: &OperationContext<'_>, key: &Key) -> Option<Key> {
    let mut tables = cx.schema.tables().map(|table| &table.key);
    let found = tables.find(|other| {
        other.schema == key.schema
            && other.name != key.name
            && other.name.to_lowercase() == key.name.to_lowercase()
    });
    found.cloned()
}

fn report(cx: &OperationContext<'_>, findings: &mut Findings, name: &ObjectName) {
    let key = cx.schema.resolve(name);
    if let Some(meant) = in_capitals(cx, &key) {
        let meant = sql_key(&meant);
        findings
            .report(
                name.span,
                format!("`{name}` is changed here, and the table is called `{meant}`: without quotes a name is in lower case"),
            )
            .severity(Severity::Error)
            .help(format!("write {meant}"));
        return;
    }
    findings
        .report(
            name.span,
            format!("`{name}` is changed here, and no earlier migration creates it"),
        )
        .help("correct the name, or let bowline see the migrations that create it");
}

fn is_first_of_statement(cx: &OperationContext<'_>) -> bool {
    cx.siblings
        .first()
        .is_some_and(|first| first.clause == cx.operation.clause)
}

fn asks_first(action: &Action) -> bool {
    action.target().is_some_and(|table| table.if_exists)
}

/// Where the tool itself writes down what ran (its own documentation).
fn history_tables(layout: Layout) -> &'static [&'static str] {
    match layout {
        Layout::GolangMigrate | Layout::Dbmate => &["schema_migrations"],
        Layout::Pop => &["schema_migration"],
        Layout::Goose => &["goose_db_version"],
        Layout::SqlMigrate => &["gorp_migrations"],
        Layout::Tern => &["schema_version"],
        Layout::Sqlx => &["_sqlx_migrations"],
        Layout::Refinery => &["refinery_schema_history"],
        Layout::Flyway => &["flyway_schema_history", "schema_version"],
        Layout::Liquibase => &["databasechangelog", "databasechangeloglock"],
        Layout::Atlas => &["atlas_schema_revisions"],
        Layout::NodePgMigrate => &["pgmigrations"],
        Layout::Prisma => &["_prisma_migrations"],
        _ => &[],
    }
}

/// Catalogs, and what platforms and extensions bring along.
fn is_foreign(key: &Key) -> bool {
    const SCHEMAS: &[&str] = &[
        "information_schema",
        "auth",
        "storage",
        "realtime",
        "vault",
        "extensions",
        "cron",
        "net",
        "graphql",
        "topology",
        "tiger",
        "partman",
        "pgmq",
        "pgboss",
    ];
    key.name.starts_with("pg_")
        || key.name.starts_with("__")
        || key.schema.starts_with("pg_")
        || key.schema.starts_with('_')
        || key.schema.starts_with("timescaledb")
        || key.schema.starts_with("supabase")
        || SCHEMAS.contains(&key.schema.as_str())
}

/// `schema-conflict` says so, where the name is nearly that of another table.
fn is_refused(cx: &OperationContext<'_>) -> bool {
    let refusal = cx.effect.refusal.as_ref();
    !cx.schema.is_unsure() && refusal.is_some_and(|r| r.ground == Ground::Unmade && !r.on_rows)
}

/// The connection's search path may hold the schema that has it.
fn is_elsewhere(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    let mut tables = cx.schema.tables();
    name.schema.is_none() && tables.any(|t| t.key.name == name.name)
}

/// A history that creates no table, or that changes many which it never
/// created, is not a whole one. It is asked for every first mention.
fn is_whole(cx: &OperationContext<'_>) -> bool {
    let (known, unknown): (Vec<_>, Vec<_>) = cx.schema.tables().partition(|t| t.is_known());
    let unknown = unknown
        .iter()
        .filter(|t| t.origin == Origin::Assumed && !is_foreign(&t.key))
        .count();
    !known.is_empty() && unknown * 10 <= known.len()
}
